package dev.agentcontainers.protocol;

import io.fabric8.kubernetes.api.model.Status;

/** A request was refused; the status says why, for people and for programs. */
public final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Status status;

    public RefusedException(Status status) {
        super(status.getMessage());
        this.status = status;
    }

    public RefusedException(int code, String message) {
        this(Statuses.failure(code, message));
    }

    public Status status() {
        return status;
    }

    /** The HTTP code, 500 where the status has none. */
    public int code() {
        return status.getCode() == null ? 500 : status.getCode();
    }
}
