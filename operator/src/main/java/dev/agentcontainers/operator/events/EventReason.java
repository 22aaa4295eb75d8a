package dev.agentcontainers.operator.events;

/** The reasons of all Events that the operator makes. */
public enum EventReason {
    Scheduled(Type.Normal),
    FailedScheduling(Type.Warning),
    Refused(Type.Warning),
    Started(Type.Normal),
    Suspended(Type.Normal),
    Finished(Type.Normal),
    AgentFailed(Type.Warning),
    UpdateRefused(Type.Warning),
    StartupProbeFailed(Type.Warning),
    ReadinessProbeFailed(Type.Warning),
    LivenessProbeFailed(Type.Warning),
    AssignmentRefused(Type.Warning),
    PolicyProblem(Type.Warning),
    ReferenceNotFound(Type.Warning),
    NodeReady(Type.Normal),
    NodeNotReady(Type.Warning),
    NodeRemoved(Type.Warning),
    NamespaceTaken(Type.Warning),
    /** Somebody runs a program inside an agent. */
    Exec(Type.Normal),
    /** Somebody puts other files in the place of a resting agent's. */
    Restore(Type.Normal),
    /** Somebody sees an agent's display, and may type there. */
    Display(Type.Normal);

    private final Type type;

    EventReason(Type type) {
        this.type = type;
    }

    /** How people are told: Normal or Warning. */
    public Type type() {
        return type;
    }

    /** The two types of Events. */
    public enum Type {
        Normal,
        Warning
    }
}
