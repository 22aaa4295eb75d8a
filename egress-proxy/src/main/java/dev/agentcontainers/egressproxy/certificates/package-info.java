/**
 * Both ends of TLS that is decrypted: with a certificate of the agent's authority towards the agent, with the machine's roots towards
 * the server. In: names, certificates that were signed elsewhere, whom to trust. Out: contexts of TLS. Knows no sockets and decides
 * nothing.
 */
@NullMarked
package dev.agentcontainers.egressproxy.certificates;

import org.jspecify.annotations.NullMarked;
