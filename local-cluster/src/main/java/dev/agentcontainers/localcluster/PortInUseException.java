package dev.agentcontainers.localcluster;

/** Another process listens on a port that the control plane needs. */
public final class PortInUseException extends ControlPlaneException {

    private static final long serialVersionUID = 1L;

    public PortInUseException(String message) {
        super(message);
    }

    public PortInUseException(String message, Throwable cause) {
        super(message, cause);
    }
}
