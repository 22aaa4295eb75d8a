/**
 * One form for the rules of every kind of policy. In: NetworkPolicies, EgressPolicies and inline rules as users write them. Out: whom
 * they govern, and rules that match flows, with the place each stands in. Never decides a verdict, never compiles.
 */
@NullMarked
package dev.agentcontainers.policy.rule;

import org.jspecify.annotations.NullMarked;
