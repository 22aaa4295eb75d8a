/**
 * The only listener for users and node agents. In: HTTPS requests and WebSockets. Out: enrolment, and agents' logs and
 * terminals, relayed over connections that node agents dialled. Never passes on a user's credential.
 */
@NullMarked
package dev.agentcontainers.operator.gateway;

import org.jspecify.annotations.NullMarked;
