/**
 * One form for the rules of every kind of policy. In: NetworkPolicies and inline rules as users write them. Out: the
 * allow rules that apply to an agent, with the place each stands in. Never decides a verdict, never compiles.
 */
@NullMarked
package dev.agentcontainers.policy.rule;

import org.jspecify.annotations.NullMarked;
