package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.egressproxy.names.Openings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Remembers what the node agent has acknowledged, so that it need not be asked for what is open for as long already. It says when
 * that may be void: {@link #forget} forgets everything, and what is on its way then is not remembered when it arrives. In between the
 * kernel may have closed what is answered here: that costs an agent which connects itself a connection, and to where this process is to go
 * for an agent it does not get, once it was told what is closed. For one thread.
 */
public final class AcknowledgedOpenings implements Openings {
    private static final int MOST = 4096;
    private static final long NANOS = 1_000_000_000L;

    private final Openings openings;
    private final LongSupplier nanoTime;
    private final Map<Asked, Acknowledged> known = bounded();
    /** The name that the node agent knows an address by, which records of flows show. */
    private final Map<Place, String> lastNames = bounded();

    private long forgotten;

    private record Asked(String agent, String name) {}

    private record Place(String agent, String address) {}

    private record Acknowledged(List<String> asked, Opened opened, long until) {}

    public AcknowledgedOpenings(Openings openings, LongSupplier nanoTime) {
        this.openings = openings;
        this.nanoTime = nanoTime;
    }

    private static <K, V> Map<K, V> bounded() {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > MOST;
            }
        };
    }

    /** Nothing that was opened before is known to be open. */
    public void forget() {
        forgotten++;
        known.clear();
        lastNames.clear();
    }

    /** Seconds are whole, so that an opening may end up to one earlier than is asked for. */
    @Override
    public CompletableFuture<Opened> open(String agent, String name, List<String> addresses, int seconds) {
        long now = nanoTime.getAsLong();
        long until = now + seconds * NANOS;
        Asked asked = new Asked(agent, name);
        Acknowledged held = known.get(asked);
        if (held != null
                && held.asked.equals(addresses)
                && until - held.until <= NANOS
                && held.opened.addresses().stream()
                        .allMatch(address -> name.equals(lastNames.get(new Place(agent, address))))) {
            return CompletableFuture.completedFuture(held.opened);
        }
        long before = forgotten;
        return openings.open(agent, name, addresses, seconds).thenApply(opened -> {
            if (forgotten == before) {
                known.put(asked, new Acknowledged(List.copyOf(addresses), opened, until));
                opened.addresses().forEach(address -> lastNames.put(new Place(agent, address), name));
            }
            return opened;
        });
    }
}
