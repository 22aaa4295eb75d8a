/**
 * The status of an AgentContainer as a function of what is known. In: the object, its assignment, what its node has
 * acknowledged. Out: the status, and one resourceVersion-checked write where it differs. Never a guess: what isn't known is
 * Unknown or False.
 */
@NullMarked
package dev.agentcontainers.operator.status;

import org.jspecify.annotations.NullMarked;
