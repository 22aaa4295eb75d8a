/**
 * What becomes of an agent's question for a name. In: the bytes of a question, the address that it came from. Out: the bytes
 * of the answer, after what it says was opened; a record of the decision. Knows no sockets. Everything runs on one
 * thread.
 */
@NullMarked
package dev.agentcontainers.egressproxy.names;

import org.jspecify.annotations.NullMarked;
