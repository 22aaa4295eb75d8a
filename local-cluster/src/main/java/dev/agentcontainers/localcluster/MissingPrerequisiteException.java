package dev.agentcontainers.localcluster;

/** This machine lacks something, or a setting names something that isn't there; the message says what to install or to change. */
public final class MissingPrerequisiteException extends ControlPlaneException {

    private static final long serialVersionUID = 1L;

    public MissingPrerequisiteException(String message) {
        super(message);
    }

    public MissingPrerequisiteException(String message, Throwable cause) {
        super(message, cause);
    }
}
