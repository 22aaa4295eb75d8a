/**
 * What goes over the unix socket between {@code agentctl run} and a machine's service. In: values. Out: framed JSON on a
 * channel, and back. Never decides who may do what.
 */
@NullMarked
package dev.agentcontainers.protocol.local;

import org.jspecify.annotations.NullMarked;
