/**
 * Logs and exec for users. In: a kubeconfig and an agent's name. Out: the agent's output, or a terminal in its sandbox,
 * through the cluster's gateway. Never talks to a node.
 */
@NullMarked
package dev.agentcontainers.cli.streams;

import org.jspecify.annotations.NullMarked;
