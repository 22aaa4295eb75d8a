package dev.agentcontainers.api.v1alpha1;

/** Whether an agent that exits is started again. */
public enum RestartPolicy {
    Never,
    OnFailure,
    Always
}
