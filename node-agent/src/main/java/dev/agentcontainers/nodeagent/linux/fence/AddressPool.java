package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.util.Collection;
import java.util.Optional;
import java.util.TreeSet;

/** Hands out addresses in turn, so that one that was given back is used again as late as possible. Not thread-safe. */
final class AddressPool {
    private final Ipv4 first;
    private final Ipv4 last;
    private final TreeSet<Ipv4> used;
    private Ipv4 next;

    AddressPool(AddressPlan plan, Collection<Ipv4> used) {
        this.first = plan.firstAgent();
        this.last = plan.lastAgent();
        this.used = new TreeSet<>(used);
        this.next = this.used.isEmpty() ? first : after(this.used.last());
    }

    /** An address that nobody has; empty where all are taken. */
    Optional<Ipv4> take() {
        long size = last.number() - first.number() + 1;
        for (long tried = 0; tried < size; tried++) {
            Ipv4 candidate = next;
            next = after(candidate);
            if (used.add(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    void giveBack(Ipv4 address) {
        used.remove(address);
    }

    private Ipv4 after(Ipv4 address) {
        return address.compareTo(last) >= 0 ? first : address.plus(1);
    }
}
