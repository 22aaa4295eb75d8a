package dev.agentcontainers.egressproxy.resolved;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/** The addresses that one agent has resolved names to, each for a while. Not thread-safe. */
public final class ResolvedPlaces {
    private static final long NANOS = 1_000_000_000L;

    /** Of one agent, as many as it may have addresses open. The oldest are forgotten, and refused then. */
    public static final int MOST = 4096;

    private final Map<Place, Long> until = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Place, Long> eldest) {
            return size() > MOST;
        }
    };

    /** A name at an address. */
    private record Place(String name, String address) {}

    /** @param now by whatever clock the others are asked */
    public void add(String name, List<String> addresses, int seconds, long now) {
        long end = now + seconds * NANOS;
        for (String each : addresses) {
            Place place = new Place(name, each);
            Long before = until.remove(place);
            // Put behind all others: it was asked for last.
            until.put(place, before != null && before - end > 0 ? before : end);
        }
    }

    /** What leads to one of these leads nowhere any more, until it is added again. */
    void forget(Predicate<String> addresses) {
        until.keySet().removeIf(place -> addresses.test(place.address));
    }

    public boolean has(String name, String address, long now) {
        Long end = until.get(new Place(name, address));
        return end != null && end - now > 0;
    }

    /** The names that lead to the address, sorted. */
    public Set<String> namesOf(String address, long now) {
        Set<String> names = new TreeSet<>();
        until.forEach((place, end) -> {
            if (place.address.equals(address) && end - now > 0) {
                names.add(place.name);
            }
        });
        return names;
    }
}
