/**
 * From an AgentContainer to the work order of a node. In: the object, its references, its node. Out: an AgentAssignment,
 * with defaults filled in. Pure; the operator and standalone runs share it, so that both mean the same by a manifest.
 */
@NullMarked
package dev.agentcontainers.assignment;

import org.jspecify.annotations.NullMarked;
