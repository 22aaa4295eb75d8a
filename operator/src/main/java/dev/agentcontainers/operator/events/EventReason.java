package dev.agentcontainers.operator.events;

/** The reasons of all Events that the operator makes. */
public enum EventReason {
    Scheduled(Type.Normal),
    FailedScheduling(Type.Warning),
    Refused(Type.Warning),
    Started(Type.Normal),
    Finished(Type.Normal),
    AgentFailed(Type.Warning),
    ReferenceNotFound(Type.Warning),
    NodeReady(Type.Normal),
    NodeNotReady(Type.Warning),
    NodeRemoved(Type.Warning);

    private final Type type;

    EventReason(Type type) {
        this.type = type;
    }

    Type type() {
        return type;
    }

    /** The two types of Events. */
    enum Type {
        Normal,
        Warning
    }
}
