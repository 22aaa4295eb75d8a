/**
 * Sets of addresses and ports. In: CIDRs and port ranges in any order and overlap. Out: the one canonical list of
 * disjoint boxes that stands for them. Never knows policies or agents.
 */
@NullMarked
package dev.agentcontainers.policy.box;

import org.jspecify.annotations.NullMarked;
