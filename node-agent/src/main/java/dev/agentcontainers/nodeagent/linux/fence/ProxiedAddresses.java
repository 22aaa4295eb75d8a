package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where the egress proxy may begin connections for agents, as elements of a set that vanish by themselves. They are replaced
 * rather than extended, as {@link ResolvedAddresses} are, and written each time: others may have removed the table meanwhile. Not
 * thread-safe.
 */
final class ProxiedAddresses {
    /** Address and port, each in four bytes. */
    private static final int KEY_SIZE = 8;

    private final NetlinkSocket filter;
    private final TableMessages messages;
    /** By key, until when as {@link System#nanoTime} counts: what one agent's name opens for long another's must not close. */
    private final Map<ByteBuffer, Long> open = new HashMap<>();

    private boolean deletesAny = true;

    ProxiedAddresses(NetlinkSocket filter, String table) {
        this.filter = filter;
        this.messages = new TableMessages(table);
    }

    /** When this returns, the kernel has acknowledged each. */
    void open(Collection<ResolvedDestination> destinations) throws NetlinkException {
        long now = System.nanoTime();
        open.values().removeIf(until -> until - now < 0);
        Map<ByteBuffer, Long> wanted = new HashMap<>();
        for (ResolvedDestination destination : destinations) {
            ByteBuffer key = key(Ipv4.parse(destination.address()), destination.port());
            long until = now + destination.timeToLive().toNanos();
            long before = wanted.getOrDefault(key, open.getOrDefault(key, until));
            wanted.put(key, before - until > 0 ? before : until);
        }
        for (Map.Entry<ByteBuffer, Long> entry : wanted.entrySet()) {
            replace(
                    entry.getKey().array(),
                    Math.max(1, Duration.ofNanos(entry.getValue() - now).toMillis()));
            open.put(entry.getKey(), entry.getValue());
        }
    }

    private void replace(byte[] key, long milliseconds) throws NetlinkException {
        NetlinkMessage addition = messages.addElement(Names.PROXIED, key, milliseconds);
        if (deletesAny) {
            try {
                execute(Stream.of(messages.deleteAnyElement(Names.PROXIED, key), addition));
                return;
            } catch (NetlinkException e) {
                if (e.errno() != NetlinkException.EINVAL) {
                    throw e;
                }
                deletesAny = false;
            }
        }
        try {
            execute(Stream.of(messages.deleteElement(Names.PROXIED, key)));
        } catch (NetlinkException e) {
            if (!e.notFound()) {
                throw e;
            }
        }
        execute(Stream.of(addition));
    }

    private void execute(Stream<NetlinkMessage> changes) throws NetlinkException {
        List<NetlinkMessage> transaction = TableMessages.transaction(changes.toList());
        filter.execute(transaction);
    }

    private static ByteBuffer key(Ipv4 address, int port) {
        return ByteBuffer.wrap(ByteBuffer.allocate(KEY_SIZE)
                .putInt(address.bits())
                .putShort((short) port)
                .array());
    }
}
