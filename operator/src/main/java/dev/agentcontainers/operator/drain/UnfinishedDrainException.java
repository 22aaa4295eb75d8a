package dev.agentcontainers.operator.drain;

/** The drain could not be finished; the message says what is left and what to do. */
public final class UnfinishedDrainException extends Exception {
    private static final long serialVersionUID = 1L;

    UnfinishedDrainException(String message) {
        super(message);
    }
}
