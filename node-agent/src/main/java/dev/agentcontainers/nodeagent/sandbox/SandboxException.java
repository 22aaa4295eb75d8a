package dev.agentcontainers.nodeagent.sandbox;

/**
 * A step of a sandbox's life failed. The message says what was tried, what was found and what would be right; it is
 * shown to users.
 */
public final class SandboxException extends Exception {
    /** The step that failed; named in the condition that users see. */
    public enum Step {
        RESOLVE,
        PULL,
        VERIFY,
        PREPARE,
        CREATE,
        FENCE,
        START,
        OBSERVE,
        EXEC,
        SAVE,
        RESTORE,
        STOP,
        REMOVE
    }

    /** What to do about it; each maps once to a condition and an event reason. */
    public enum Kind {
        /** The assignment asks for what can't be had as written; trying again is useless. */
        INVALID_SPEC,
        /** This node lacks what the assignment needs; another node may have it. */
        UNSUPPORTED,
        /** May pass by itself; tried again with backoff. */
        TRANSIENT
    }

    private final Step step;
    private final Kind kind;

    public SandboxException(Step step, Kind kind, String message) {
        super(message);
        this.step = step;
        this.kind = kind;
    }

    public SandboxException(Step step, Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.step = step;
        this.kind = kind;
    }

    public Step step() {
        return step;
    }

    public Kind kind() {
        return kind;
    }
}
