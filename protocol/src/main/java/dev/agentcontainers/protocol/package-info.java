/**
 * What goes over the wire between agentctl, the gateway and node agents. In: bytes and JSON. Out: values, or an error
 * that says what was wrong. Never opens a connection.
 */
@NullMarked
package dev.agentcontainers.protocol;

import org.jspecify.annotations.NullMarked;
