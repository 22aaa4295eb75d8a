/**
 * The life of an AgentNode: its namespace, identity, address range and readiness. In: AgentNodes and heartbeats. Out: the
 * objects that the node agent needs. Never places an agent, never reads a user's object.
 */
@NullMarked
package dev.agentcontainers.operator.node;

import org.jspecify.annotations.NullMarked;
