package dev.agentcontainers.cli.record;

/**
 * A name that an agent asked for, and what became of it.
 *
 * @param name as it was asked for
 * @param verdict as the record has it, for example {@code resolved} or {@code denied}
 */
public record RecordedQuestion(AgentName agent, String name, String verdict) {
    /** The name was let be asked for and led to addresses. */
    public boolean isResolved() {
        return verdict.equals("resolved");
    }

    /** No rule let it be asked for. */
    public boolean isDenied() {
        return verdict.equals("denied");
    }

    /** Whether policies have decided, and nothing else did before them. */
    public boolean isByPolicy() {
        return switch (verdict) {
            case "resolved",
                    "no-data",
                    "no-such-name",
                    "denied",
                    "upstream-failed",
                    "not-opened",
                    "refused-addresses" -> true;
            default -> false;
        };
    }
}
