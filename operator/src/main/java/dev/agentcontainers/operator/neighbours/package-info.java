/**
 * What of a cluster policies speak of besides agents. In: Nodes, ClusterNetworkPolicies where their kind is installed, and Pods
 * where that is asked for, as the API server tells them. Out: each change, to the rulesets. Never decides anything.
 */
@NullMarked
package dev.agentcontainers.operator.neighbours;

import org.jspecify.annotations.NullMarked;
