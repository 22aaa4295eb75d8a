/**
 * Connections of agents that the fence hands to this process: the beginning is read, then bytes go to where the agent meant to
 * go and back, as they are. In: sockets and verdicts. Out: bytes. What may pass is decided in {@code tls}.
 */
@NullMarked
package dev.agentcontainers.egressproxy.relay;

import org.jspecify.annotations.NullMarked;
