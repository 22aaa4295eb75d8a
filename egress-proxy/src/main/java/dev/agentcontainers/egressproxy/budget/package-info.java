/**
 * What agents may still send and receive by rules with budgets, as far as it passes here. In: budgets as they change, bytes that are to
 * pass, what the node agent grants. Out: leave to hand them on, or not. Knows no sockets, and nothing that it was not granted.
 */
@NullMarked
package dev.agentcontainers.egressproxy.budget;

import org.jspecify.annotations.NullMarked;
