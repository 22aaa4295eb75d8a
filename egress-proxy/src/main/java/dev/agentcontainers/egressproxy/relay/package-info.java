/**
 * Connections of agents that the fence hands to this process. Of TLS the beginning is read, then bytes go to where the agent meant to
 * go and back, as they are; of HTTP each request is read as a message and written anew, and of HTTP/2 each stream so by
 * itself. In: sockets and verdicts. Out: bytes. All that knows Netty's channels and messages is here; what may pass is decided in
 * {@code tls} and {@code http}, and how much in {@code budget}.
 */
@NullMarked
package dev.agentcontainers.egressproxy.relay;

import org.jspecify.annotations.NullMarked;
