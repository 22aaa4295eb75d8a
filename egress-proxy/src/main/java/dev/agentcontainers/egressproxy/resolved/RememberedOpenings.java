package dev.agentcontainers.egressproxy.resolved;

import dev.agentcontainers.egressproxy.names.Openings;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Remembers what was opened before anybody is told. */
public final class RememberedOpenings implements Openings {
    private final Openings openings;
    private final List<Listener> listeners;

    public RememberedOpenings(Openings openings, Listener... listeners) {
        this.openings = openings;
        this.listeners = List.of(listeners);
    }

    /** Who remembers it. */
    public interface Listener {
        /** An agent may reach these addresses for that name for a while. */
        void resolved(String agent, String name, List<String> addresses, int seconds);
    }

    @Override
    public CompletableFuture<Opened> open(String agent, String name, List<String> addresses, int seconds) {
        return openings.open(agent, name, addresses, seconds).thenApply(opened -> {
            List<String> asked =
                    opened.addresses().stream().filter(addresses::contains).toList();
            listeners.forEach(listener -> listener.resolved(agent, name, asked, seconds));
            return opened;
        });
    }
}
