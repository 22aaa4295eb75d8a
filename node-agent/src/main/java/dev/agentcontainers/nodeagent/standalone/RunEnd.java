package dev.agentcontainers.nodeagent.standalone;

import java.util.Optional;

/**
 * How a run ended.
 *
 * @param exitCode the agent's own, 128 plus the signal for a killed one; empty where it never ran
 * @param problem why it ended other than by itself, or why it never ran
 * @param deniedPackets how many packets of the agent the fence dropped
 */
public record RunEnd(Optional<Integer> exitCode, Optional<String> problem, long deniedPackets) {}
