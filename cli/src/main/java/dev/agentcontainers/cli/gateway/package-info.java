/**
 * A cluster's gateway as users and machines find it. In: a kubeconfig or a client. Out: where the gateway is, what signs
 * for it, connections to it, tokens to join with. Knows nothing of what is asked of it.
 */
@NullMarked
package dev.agentcontainers.cli.gateway;

import org.jspecify.annotations.NullMarked;
