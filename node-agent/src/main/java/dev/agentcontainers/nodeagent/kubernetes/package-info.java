/**
 * The node agent's side of the API server. In: the node's namespace, watched. Out: assignments and policy for the
 * supervisor, reports and the heartbeat for the operator. Reads nothing outside the node's namespace but its own
 * AgentNode; an error here stops no agent.
 */
@NullMarked
package dev.agentcontainers.nodeagent.kubernetes;

import org.jspecify.annotations.NullMarked;
