/**
 * Which agent has which image. In: what an agent's assignment asks for. Out: the image's layers on this machine, the same for
 * all runs of the agent, and kept for as long as it has them.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.agent;

import org.jspecify.annotations.NullMarked;
