package dev.agentcontainers.nodeagent.standalone;

/** A run that can't be had as it is asked for. The message names the field or setting and what would be right. */
public final class RefusedRunException extends Exception {
    private static final long serialVersionUID = 1L;

    public RefusedRunException(String message) {
        super(message);
    }
}
