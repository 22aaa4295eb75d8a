/**
 * The work orders of nodes. In: an agent with its node, references and defaults. Out: its AgentAssignment, created, changed
 * and retired. Never decides where an agent runs, and never lets go of an assignment while something of it may still run.
 */
@NullMarked
package dev.agentcontainers.operator.assignment;

import org.jspecify.annotations.NullMarked;
