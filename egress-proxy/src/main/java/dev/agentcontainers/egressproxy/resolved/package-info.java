/**
 * What agents have resolved by rules about names at ports, whatever those say besides, and for how long what rests on them lasts. In:
 * answers that agents got, rules as they change. Out: the rules about a port, whether a name leads an agent to an address, permits
 * that end with the rules. Knows no sockets.
 */
@NullMarked
package dev.agentcontainers.egressproxy.resolved;

import org.jspecify.annotations.NullMarked;
