package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.protocol.names.NameServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** By which names an agent got an address. Times are those of {@link System#nanoTime}. Thread-safe. */
final class NameMemory {
    static final int MOST_ADDRESSES = 2048;
    /** Of one address. */
    static final int MOST_NAMES = 8;

    /** How long a name may lead somewhere after it was told; the rest is for what the kernel says later than it is. */
    static final Duration LONGEST = Duration.ofSeconds(NameServer.LONGEST_OPENING + 30L);

    /** Whoever was told last comes last. */
    private final Map<String, Address> addresses = new LinkedHashMap<>();

    /** Until when a name that is not here may lead anywhere. */
    private long unsureUntil;

    /** What leads to an address. */
    private static final class Address {
        /** When each was told, the last one last. */
        private final SequencedMap<String, Long> names = new LinkedHashMap<>();
        /** Until when a name that is not here may lead there. */
        private long unsureUntil;

        private long told;

        private Address(long now) {
            unsureUntil = now;
        }

        private void put(String name, long now) {
            names.remove(name);
            names.put(name, now);
            told = now;
            if (names.size() > MOST_NAMES) {
                Map.Entry<String, Long> eldest = names.entrySet().iterator().next();
                names.remove(eldest.getKey());
                unsureUntil = later(unsureUntil, eldest.getValue() + LONGEST.toNanos());
            }
        }
    }

    /**
     * Names that lead to an address.
     *
     * @param all by which the agent got it, the last one first
     * @param complete whether no other leads there
     */
    record Names(List<String> all, boolean complete) {
        static final Names UNKNOWN = new Names(List.of(), false);

        /** That name and no other. */
        static Names only(String name) {
            return new Names(List.of(name), true);
        }

        Names and(String name) {
            if (all.contains(name)) {
                return this;
            }
            List<String> more = new ArrayList<>(all);
            more.add(name);
            return new Names(List.copyOf(more), complete);
        }
    }

    private NameMemory(long unsureUntil) {
        this.unsureUntil = unsureUntil;
    }

    /** Of an agent that was told no name yet. */
    static NameMemory fromItsBeginning(long now) {
        return new NameMemory(now);
    }

    /** Of an agent that another process may have told names. */
    static NameMemory fromNowOn(long now) {
        return new NameMemory(now + LONGEST.toNanos());
    }

    synchronized void put(String address, String name, long now) {
        Address its = addresses.remove(address);
        if (its == null) {
            its = new Address(now);
        }
        its.put(name, now);
        addresses.put(address, its);
        if (addresses.size() > MOST_ADDRESSES) {
            Map.Entry<String, Address> eldest = addresses.entrySet().iterator().next();
            addresses.remove(eldest.getKey());
            unsureUntil = later(unsureUntil, eldest.getValue().told + LONGEST.toNanos());
        }
    }

    synchronized Names of(String address, long now) {
        Address its = addresses.get(address);
        boolean sure = unsureUntil - now <= 0;
        return its == null
                ? new Names(List.of(), sure)
                : new Names(List.copyOf(its.names.reversed().keySet()), sure && its.unsureUntil - now <= 0);
    }

    private static long later(long one, long other) {
        return one - other >= 0 ? one : other;
    }
}
