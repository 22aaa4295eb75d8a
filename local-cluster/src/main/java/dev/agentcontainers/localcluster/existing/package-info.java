/**
 * An existing cluster. In: its kubeconfig. Out: a control plane whose closing leaves it as it is. Never
 * used unless told to.
 */
@NullMarked
package dev.agentcontainers.localcluster.existing;

import org.jspecify.annotations.NullMarked;
