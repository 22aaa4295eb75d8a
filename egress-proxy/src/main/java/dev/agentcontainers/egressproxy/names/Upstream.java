package dev.agentcontainers.egressproxy.names;

import java.util.concurrent.CompletableFuture;

/** Asks the resolver of the machine, or the one that was configured. */
public interface Upstream {
    /**
     * Looks a name's IPv4 addresses up. Completes on the thread of the names, never exceptionally; who completes it before has
     * given up.
     *
     * @param name as {@link dev.agentcontainers.policy.rule.DomainName#asked} gives it
     */
    CompletableFuture<Resolution> resolve(String name);
}
