/**
 * Which policy groups a node needs and their compiled rulesets. In: the agents on a node and NetworkPolicies. Out: the
 * node's AgentNodePolicy. Never decides what a policy means: module policy does.
 */
@NullMarked
package dev.agentcontainers.operator.policygroup;

import org.jspecify.annotations.NullMarked;
