/**
 * Where agents' questions arrive. In: sockets that somebody else made. Out: bytes and the address they came from. Knows
 * nothing of what is in them.
 */
@NullMarked
package dev.agentcontainers.egressproxy.listen;

import org.jspecify.annotations.NullMarked;
