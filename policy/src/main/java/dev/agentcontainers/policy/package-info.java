/**
 * Network policy as pure functions. In: policies, endpoints with their labels, addresses and inline rules, and flows. Out:
 * compiled rulesets of egress with their canonical hash, and verdicts for both ends of a flow with the rule that decided.
 * Never does I/O, reads no clock, knows no client and no kernel.
 */
@NullMarked
package dev.agentcontainers.policy;

import org.jspecify.annotations.NullMarked;
