package dev.agentcontainers.nodeagent.app;

/** The node agent can't start as it is set up; the message says what to change. */
final class StartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StartException(String message) {
        super(message);
    }
}
