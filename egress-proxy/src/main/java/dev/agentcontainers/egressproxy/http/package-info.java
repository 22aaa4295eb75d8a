/**
 * Which requests of HTTP may pass. In: what names resolved to, who may send which requests to which names, a request. Out: verdicts.
 * Knows no sockets and no messages.
 */
@NullMarked
package dev.agentcontainers.egressproxy.http;

import org.jspecify.annotations.NullMarked;
