package dev.agentcontainers.api.v1alpha1;

/** The phase of an AgentAssignment, as its node agent reports it. */
public enum AssignmentPhase {
    /** Being prepared, created or fenced, or waiting to be started again. */
    Preparing,
    /** The agent's process runs behind its fence. */
    Running,
    /** Nothing of the agent runs, as asked for by suspended; its files and its place are kept. */
    Suspended,
    /** The agent is finished with success and will not be started again. */
    Succeeded,
    /** The agent is finished without success, or could not be started, and will not be tried again. */
    Failed,
    /** The node refuses the assignment (OutOfCapacity, StaleBinding, UnsupportedSpec); it may be placed elsewhere. */
    Rejected,
    /** The agent is being stopped because its assignment is deleted. */
    Stopping,
    /** Nothing of the agent is left on the node; the operator may remove the finalizer. */
    Stopped
}
