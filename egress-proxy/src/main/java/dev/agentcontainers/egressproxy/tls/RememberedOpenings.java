package dev.agentcontainers.egressproxy.tls;

import dev.agentcontainers.egressproxy.names.Openings;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Remembers what was opened before anybody is told. */
public final class RememberedOpenings implements Openings {
    private final Openings openings;
    private final TlsNames names;

    public RememberedOpenings(Openings openings, TlsNames names) {
        this.openings = openings;
        this.names = names;
    }

    @Override
    public CompletableFuture<List<String>> open(String agent, String name, List<String> addresses, int seconds) {
        return openings.open(agent, name, addresses, seconds).thenApply(opened -> {
            names.resolved(
                    agent, name, opened.stream().filter(addresses::contains).toList(), seconds);
            return opened;
        });
    }
}
