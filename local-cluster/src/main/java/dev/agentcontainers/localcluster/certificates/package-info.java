/**
 * Certificates of a local cluster. In: a folder. Out: authorities, server and client certificates, and
 * kubeconfigs signed by them, readable by their owner only. Never leaves the machine.
 */
@NullMarked
package dev.agentcontainers.localcluster.certificates;

import org.jspecify.annotations.NullMarked;
