package dev.agentcontainers.localcluster;

/** A part of the control plane didn't build, start or stop; the message ends with its last output. */
public final class ControlPlaneFailedException extends ControlPlaneException {

    private static final long serialVersionUID = 1L;

    public ControlPlaneFailedException(String message) {
        super(message);
    }

    public ControlPlaneFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
