package dev.agentcontainers.api.v1alpha1;

/** The phase of an AgentContainer, for people; programs look at the conditions. */
public enum AgentPhase {
    Pending,
    Scheduled,
    Preparing,
    Running,
    Suspended,
    Succeeded,
    Failed,
    Terminating
}
