/**
 * What agents have resolved, and for how long what rests on rules lasts. In: answers that agents got, rules as they change. Out: whether
 * a name leads an agent to an address, numbers of generations. Knows no sockets.
 */
@NullMarked
package dev.agentcontainers.egressproxy.resolved;

import org.jspecify.annotations.NullMarked;
