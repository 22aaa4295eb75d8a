package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Where the egress proxy may begin connections for agents, as elements of a set that vanish by themselves. They are replaced
 * rather than extended, as {@link ResolvedAddresses} are. Thread-safe.
 */
final class ProxiedAddresses {
    /** Address and port, each in four bytes. */
    private static final int KEY_SIZE = 8;

    private static final int MOST_AT_ONCE = 100;

    private final NetlinkSocket filter;
    private final TableMessages messages;
    /** By key, until when as {@link System#nanoTime} counts: what one agent's name opens for long another's must not close. */
    private final Map<ByteBuffer, Long> open = new HashMap<>();
    /** By key, the number of the opening that asked for it last. */
    private final Map<ByteBuffer, Long> askedBy = new HashMap<>();

    /** Where nothing leads to, whoever asks for it. */
    private Predicate<Ipv4> closed = _ -> false;

    private long lastOpening;

    private boolean deletesAny = true;

    ProxiedAddresses(NetlinkSocket filter, String table) {
        this.filter = filter;
        this.messages = new TableMessages(table);
    }

    /** When this returns, the kernel has acknowledged each. What is open for that long already is not written again. */
    synchronized void open(Collection<ResolvedDestination> destinations) throws NetlinkException {
        long now = System.nanoTime();
        forgetExpired(now);
        lastOpening++;
        Map<ByteBuffer, Long> wanted = new HashMap<>();
        for (ResolvedDestination destination : destinations) {
            Ipv4 address = Ipv4.parse(destination.address());
            if (closed.test(address)) {
                // Since it was judged.
                continue;
            }
            ByteBuffer key = key(address, destination.port());
            askedBy.put(key, lastOpening);
            long until = now + destination.timeToLive().toNanos();
            Long before = open.get(key);
            if (before == null || before - until < 0) {
                wanted.merge(key, until, (one, other) -> one - other > 0 ? one : other);
            }
        }
        write(wanted, now);
        open.putAll(wanted);
    }

    private void forgetExpired(long now) {
        open.values().removeIf(until -> until - now < 0);
        askedBy.keySet().retainAll(open.keySet());
    }

    synchronized long lastOpening() {
        return lastOpening;
    }

    /**
     * Closes what none of these is. What was asked for after that opening stays: whoever says what is held may not have known of it.
     *
     * @param held keys as {@link #key} makes them
     */
    synchronized void closeBut(Set<ByteBuffer> held, long upTo) throws NetlinkException {
        forgetExpired(System.nanoTime());
        for (ByteBuffer key : List.copyOf(open.keySet())) {
            if (!held.contains(key) && askedBy.getOrDefault(key, 0L) <= upTo) {
                delete(key.array());
                open.remove(key);
                askedBy.remove(key);
            }
        }
    }

    /** Closes these addresses, and keeps them closed until others are. */
    synchronized void close(Predicate<Ipv4> addresses) throws NetlinkException {
        closed = addresses;
        forgetExpired(System.nanoTime());
        for (ByteBuffer key : List.copyOf(open.keySet())) {
            if (addresses.test(new Ipv4(key.getInt(0)))) {
                delete(key.array());
                open.remove(key);
                askedBy.remove(key);
            }
        }
    }

    /** Others have removed the table, and it was made anew. */
    synchronized void restore() throws NetlinkException {
        long now = System.nanoTime();
        forgetExpired(now);
        write(open, now);
    }

    private void write(Map<ByteBuffer, Long> wanted, long now) throws NetlinkException {
        List<Map.Entry<ByteBuffer, Long>> all = List.copyOf(wanted.entrySet());
        for (int i = 0; i < all.size(); i += MOST_AT_ONCE) {
            replace(all.subList(i, Math.min(all.size(), i + MOST_AT_ONCE)), now);
        }
    }

    private void replace(List<Map.Entry<ByteBuffer, Long>> some, long now) throws NetlinkException {
        List<NetlinkMessage> additions = some.stream()
                .map(entry -> messages.addElement(
                        Names.PROXIED,
                        entry.getKey().array(),
                        Math.max(1, Duration.ofNanos(entry.getValue() - now).toMillis())))
                .toList();
        if (deletesAny) {
            List<NetlinkMessage> both = new ArrayList<>();
            some.forEach(entry -> both.add(
                    messages.deleteAnyElement(Names.PROXIED, entry.getKey().array())));
            both.addAll(additions);
            try {
                filter.execute(TableMessages.transaction(both));
                return;
            } catch (NetlinkException e) {
                if (e.errno() != NetlinkException.EINVAL) {
                    throw e;
                }
                deletesAny = false;
            }
        }
        for (Map.Entry<ByteBuffer, Long> entry : some) {
            delete(entry.getKey().array());
        }
        filter.execute(TableMessages.transaction(additions));
    }

    private void delete(byte[] key) throws NetlinkException {
        try {
            filter.execute(TableMessages.transaction(List.of(messages.deleteElement(Names.PROXIED, key))));
        } catch (NetlinkException e) {
            if (!e.notFound()) {
                throw e;
            }
        }
    }

    /** Of an address and a port. */
    static ByteBuffer key(Ipv4 address, int port) {
        return ByteBuffer.wrap(ByteBuffer.allocate(KEY_SIZE)
                .putInt(address.bits())
                .putShort((short) port)
                .array());
    }
}
