package dev.agentcontainers.operator.leadership;

/** A write was about to happen in a process that doesn't lead. */
public final class NotLeadingException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    public NotLeadingException() {
        super("This operator doesn't lead: nothing is written");
    }
}
