/**
 * The gateway's own certificate authority. In: names of the gateway, certificate requests of nodes that were let in.
 * Out: short-lived certificates. Never decides who is let in, and never signs for users.
 */
@NullMarked
package dev.agentcontainers.operator.authority;

import org.jspecify.annotations.NullMarked;
