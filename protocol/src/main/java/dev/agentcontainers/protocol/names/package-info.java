/**
 * What goes over the unix socket between a node agent and its egress proxy, in the frames of {@code protocol.local}. In and
 * out: values. Never decides what may be opened.
 */
@NullMarked
package dev.agentcontainers.protocol.names;

import org.jspecify.annotations.NullMarked;
