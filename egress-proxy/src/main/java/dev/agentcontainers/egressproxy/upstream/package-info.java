/**
 * Asks a resolver by UDP and TCP. In: names. Out: what a response says that can only be the answer to that question. Never
 * asks for anything but IPv4 addresses.
 */
@NullMarked
package dev.agentcontainers.egressproxy.upstream;

import org.jspecify.annotations.NullMarked;
