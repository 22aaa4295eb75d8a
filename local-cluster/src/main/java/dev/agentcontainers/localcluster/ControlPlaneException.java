package dev.agentcontainers.localcluster;

/** Why there is no control plane. The message says what was found and what would be right. */
public abstract sealed class ControlPlaneException extends RuntimeException
        permits ControlPlaneFailedException, MissingPrerequisiteException, PortInUseException {

    private static final long serialVersionUID = 1L;

    protected ControlPlaneException(String message) {
        super(message);
    }

    protected ControlPlaneException(String message, Throwable cause) {
        super(message, cause);
    }
}
