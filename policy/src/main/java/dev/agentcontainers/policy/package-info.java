/**
 * Egress policy as pure functions. In: policies, an agent's namespace, labels and inline rules, and flows. Out: compiled
 * rulesets with their canonical hash, and verdicts with the rule that decided. Never does I/O, reads no clock, knows no
 * client and no kernel.
 */
@NullMarked
package dev.agentcontainers.policy;

import org.jspecify.annotations.NullMarked;
