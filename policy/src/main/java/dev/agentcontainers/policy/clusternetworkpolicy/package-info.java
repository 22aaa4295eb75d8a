/**
 * ClusterNetworkPolicy of policy.networking.k8s.io, as of v1alpha2. In: the objects as any client hands them over, without a
 * model of their type. Out: policies in the form that all kinds share. What isn't understood in full fails closed.
 */
@NullMarked
package dev.agentcontainers.policy.clusternetworkpolicy;

import org.jspecify.annotations.NullMarked;
