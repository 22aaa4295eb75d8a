package dev.agentcontainers.egressproxy.names;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Has the kernel let an agent reach addresses. */
public interface Openings {
    /**
     * Completes on the thread of the names when the kernel has acknowledged, with those addresses that the agent may reach;
     * exceptionally where nothing was opened, or nobody is there who could.
     */
    CompletableFuture<List<String>> open(String agent, String name, List<String> addresses, int seconds);
}
