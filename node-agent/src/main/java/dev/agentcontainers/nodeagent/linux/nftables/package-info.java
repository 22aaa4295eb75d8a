/**
 * nftables: rulesets as text through libnftables, and elements of sets and read-backs as raw messages, because
 * libnftables reads the whole table for each command. In: names and values. Out: what the kernel holds.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.nftables;

import org.jspecify.annotations.NullMarked;
