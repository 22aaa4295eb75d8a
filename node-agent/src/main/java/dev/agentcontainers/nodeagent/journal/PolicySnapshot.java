package dev.agentcontainers.nodeagent.journal;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;

/**
 * A revision of the node's policy.
 *
 * @param revision generation of the AgentNodePolicy; 0 in standalone mode
 */
public record PolicySnapshot(long revision, AgentNodePolicySpec policy) {}
