/**
 * Decides which node runs which agent. In: agents without a node and the fleet as it is. Out: one status update for each
 * that binds it, or says why not. Filters and score are pure functions; only {@code Binder} has a thread and a client.
 */
@NullMarked
package dev.agentcontainers.operator.scheduling;

import org.jspecify.annotations.NullMarked;
