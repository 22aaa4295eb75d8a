package dev.agentcontainers.nodeagent.probe;

/** What became of one attempt. */
public sealed interface ProbeResult {
    record Success() implements ProbeResult {}

    /** @param message why, for people; may hold what the agent says, and is bounded in length */
    record Failure(String message) implements ProbeResult {}

    /** The node could not ask: it says nothing about the agent. */
    record Unknown(String message) implements ProbeResult {}
}
