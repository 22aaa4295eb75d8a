package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Hands out addresses: first those that nobody has had, then the one that was given back longest ago, since other nodes'
 * rulesets may name an agent that has gone for a moment longer. Not thread-safe.
 */
final class AddressPool {
    private final Ipv4 first;
    private final Ipv4 last;
    private final TreeSet<Ipv4> used;
    private final LinkedHashSet<Ipv4> givenBack = new LinkedHashSet<>();
    private Ipv4 next;
    private long untried;

    AddressPool(AddressPlan plan, Collection<Ipv4> used) {
        this.first = plan.firstAgent();
        this.last = plan.lastAgent();
        this.used = new TreeSet<>(used);
        // After the latest, so that what went before this process began is used again late too.
        this.next = this.used.isEmpty() ? first : after(this.used.last());
        this.untried = last.number() - first.number() + 1;
    }

    /** An address that nobody has; empty where all are taken. */
    Optional<Ipv4> take() {
        while (untried > 0) {
            untried--;
            Ipv4 candidate = next;
            next = after(candidate);
            if (!givenBack.contains(candidate) && used.add(candidate)) {
                return Optional.of(candidate);
            }
        }
        if (givenBack.isEmpty()) {
            return Optional.empty();
        }
        Ipv4 oldest = givenBack.removeFirst();
        used.add(oldest);
        return Optional.of(oldest);
    }

    void giveBack(Ipv4 address) {
        if (used.remove(address)) {
            givenBack.add(address);
        }
    }

    private Ipv4 after(Ipv4 address) {
        return address.compareTo(last) >= 0 ? first : address.plus(1);
    }
}
