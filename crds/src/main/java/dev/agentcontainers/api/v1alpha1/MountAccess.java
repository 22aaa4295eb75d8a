package dev.agentcontainers.api.v1alpha1;

/** What the agent may do below a path. */
public enum MountAccess {
    ReadOnly,
    ReadWrite,
    Denied
}
