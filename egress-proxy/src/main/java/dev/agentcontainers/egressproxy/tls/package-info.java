/**
 * Which connections may pass as TLS for a name. In: the first bytes of a connection, what names resolved to, who may reach which
 * names. Out: verdicts. Decrypts nothing, and knows no sockets.
 */
@NullMarked
package dev.agentcontainers.egressproxy.tls;

import org.jspecify.annotations.NullMarked;
