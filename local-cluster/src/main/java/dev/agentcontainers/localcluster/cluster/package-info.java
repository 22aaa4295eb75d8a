/**
 * Clusters of local processes: etcd, kube-apiserver, kube-controller-manager. In: binaries and a folder.
 * Out: a control plane on loopback, temporary or outliving this JVM. Never listens on another address.
 */
@NullMarked
package dev.agentcontainers.localcluster.cluster;

import org.jspecify.annotations.NullMarked;
