package dev.agentcontainers.protocol;

/** A node asks for a new certificate for its key. */
public record RenewalRequest(String certificateRequest) {}
