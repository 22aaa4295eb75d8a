package dev.agentcontainers.operator.status;

/** Why an agent that is bound has no assignment yet. */
public record Hold(String reason, String message) {}
