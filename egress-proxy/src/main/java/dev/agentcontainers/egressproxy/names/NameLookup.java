package dev.agentcontainers.egressproxy.names;

import java.util.concurrent.CompletableFuture;

/** Names for an agent that does not ask for them itself, by the same rules, limits and openings as if it did. */
public interface NameLookup {
    /**
     * Completes on the thread of the names.
     *
     * @param agent its address
     * @param name as the agent has it
     */
    CompletableFuture<Result> lookUp(String agent, String name);

    /** What the agent would have been told. */
    sealed interface Result {
        /** It was told an address at least, and that is what was opened for it. */
        record Opened(Openings.Opened opened) implements Result {}

        /** It may not have the name, or none of the name's addresses. */
        record Denied(String why) implements Result {}

        /** It may, and there is none. */
        record Failed(String why) implements Result {}
    }
}
