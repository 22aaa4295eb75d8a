package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.fence.FlowTraffic;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.LoggedPacket;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnection;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnection.Volume;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a listener what the kernel tells of the fence's namespace: connections that its rules let begin, and packets that
 * they stop. Two threads, so that a flood of one leaves the other alone. Nothing of the fence depends on it.
 */
final class FenceObservation implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FenceObservation.class);

    /** By which connections are counted and timed, and told of also where nobody listened when they began. */
    private static final Map<String, String> SETTINGS = Map.of(
            "netfilter/nf_conntrack_acct", "1",
            "netfilter/nf_conntrack_timestamp", "1",
            "netfilter/nf_conntrack_events", "1");

    private static final int MOST_KNOWN_INTERFACES = 4096;
    private static final int MOST_ENDED = 1 << 16;

    private final Place fence;
    private final NetlinkSocket filter;
    /** For whoever asks, beside the thread that is told of connections. Guarded by itself. */
    private final NetlinkSocket lists;

    private final Consumer<FenceEvent> listener;
    private final NoticeReader connections;
    private final NoticeReader packets;
    /** By number, which the kernel gives to no other interface for a long time. */
    private final Map<Integer, SandboxId> sandboxes = new ConcurrentHashMap<>();
    /** Connections whose end was told of already, before the kernel forgets them. Of one thread. */
    private final Map<String, Boolean> ended = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_ENDED;
        }
    };

    private FenceObservation(
            Place fence, FenceSystem system, NetlinkSocket filter, NetlinkSocket lists, Consumer<FenceEvent> listener) {
        this.fence = fence;
        this.filter = filter;
        this.lists = lists;
        this.listener = listener;
        this.connections = NoticeReader.begin(
                "connections",
                () -> fence.thread().call(system::connections),
                new Taking("connections", this::takeConnection));
        this.packets = NoticeReader.begin(
                "denied packets",
                () -> fence.thread().call(() -> system.loggedPackets(Names.LOG_GROUP)),
                new Taking("denied packets", this::takePacket));
    }

    static FenceObservation begin(Place fence, FenceSystem system, Consumer<FenceEvent> listener) throws IOException {
        for (Map.Entry<String, String> setting : SETTINGS.entrySet()) {
            fence.sysctl(setting.getKey(), setting.getValue());
        }
        NetlinkSocket filter = fence.thread().call(() -> system.netlink(NetlinkSocket.NETFILTER));
        NetlinkSocket lists = fence.thread().call(() -> system.netlink(NetlinkSocket.NETFILTER));
        return new FenceObservation(fence, system, filter, lists, listener);
    }

    /** What the kernel has counted so far of each connection that it knows. May be called by any thread. */
    List<FlowTraffic> traffic() throws IOException {
        List<TrackedConnection> all;
        synchronized (lists) {
            all = TrackedConnections.all(lists);
        }
        List<FlowTraffic> traffic = new ArrayList<>();
        for (TrackedConnection each : all) {
            if (!isOurs(each) && each.sent().isPresent() && each.received().isPresent()) {
                traffic.add(new FlowTraffic(
                        flow(each),
                        tuple(each),
                        traffic(each.sent().get(), each.received().get()),
                        each.isOver()));
            }
        }
        return traffic;
    }

    private interface Step {
        void take(NetlinkMessage notice) throws IOException;
    }

    private final class Taking implements NoticeReader.Taker {
        private final String what;
        private final Step step;

        private Taking(String what, Step step) {
            this.what = what;
            this.step = step;
        }

        @Override
        public void take(NetlinkMessage notice) throws IOException {
            step.take(notice);
        }

        @Override
        public void overrun() {
            listener.accept(new FenceEvent.Overrun(Instant.now(), what));
        }
    }

    /** Remembers whose interface it is: what the agent is denied with its last breath is told when the interface has gone. */
    void attached(SandboxId id) {
        try {
            Links.find(fence.route(), Names.agentInterface(id)).ifPresent(link -> remember(link.index(), id));
        } catch (IOException e) {
            LOG.debug("the interface of {} is looked up when something is told of it", id, e);
        }
    }

    private void remember(int index, SandboxId id) {
        if (sandboxes.size() >= MOST_KNOWN_INTERFACES) {
            sandboxes.clear();
        }
        sandboxes.put(index, id);
    }

    private void takePacket(NetlinkMessage notice) throws NetlinkException {
        Optional<LoggedPacket> packet = LoggedPacket.of(notice);
        Optional<Tuple> tuple = packet.flatMap(logged -> PacketHeader.read(logged.packet()));
        if (packet.isPresent() && tuple.isPresent()) {
            listener.accept(new FenceEvent.Denied(
                    Instant.now(),
                    Barrier.of(packet.get().prefix().strip()),
                    sandbox(packet.get().incoming()),
                    sandbox(packet.get().outgoing()),
                    tuple.get()));
        }
    }

    private Optional<SandboxId> sandbox(int index) throws NetlinkException {
        if (index == 0) {
            return Optional.empty();
        }
        SandboxId known = sandboxes.get(index);
        if (known != null) {
            return Optional.of(known);
        }
        Optional<SandboxId> found = Links.find(fence.route(), index)
                .filter(link -> !link.name().equals(Names.UPLINK))
                .map(Link::alias)
                .filter(alias -> !alias.isEmpty())
                .map(SandboxId::new);
        found.ifPresent(id -> remember(index, id));
        return found;
    }

    private void takeConnection(NetlinkMessage notice) throws NetlinkException {
        Optional<TrackedConnection> told = TrackedConnection.of(notice);
        if (told.isEmpty() || isOurs(told.get())) {
            return;
        }
        TrackedConnection connection = told.get();
        String flow = flow(connection);
        switch (connection.kind()) {
            case BEGUN -> {
                ended.remove(flow);
                listener.accept(
                        new FenceEvent.Opened(begun(connection).orElseGet(Instant::now), flow, tuple(connection)));
            }
            case SHOWN -> {
                // The kernel remembers what is over for two minutes more, and says then only what was counted.
                if (connection.isOver() && !ended.containsKey(flow)) {
                    Optional<TrackedConnection> counted = connection.now(filter);
                    if (counted.isPresent()) {
                        ended.put(flow, true);
                        close(flow, counted.get());
                    }
                }
            }
            case ENDED -> {
                if (ended.remove(flow) == null) {
                    close(flow, connection);
                }
            }
        }
    }

    private void close(String flow, TrackedConnection connection) {
        Instant now = Instant.now();
        Optional<Traffic> traffic =
                connection.sent().flatMap(sent -> connection.received().map(received -> traffic(sent, received)));
        listener.accept(new FenceEvent.Closed(
                now,
                flow,
                tuple(connection),
                traffic,
                begun(connection).map(begun -> Duration.between(begun, now)).map(FenceObservation::notNegative)));
    }

    private static Traffic traffic(Volume sent, Volume received) {
        return new Traffic(sent.packets(), sent.bytes(), received.packets(), received.bytes());
    }

    private static Duration notNegative(Duration duration) {
        return duration.isNegative() ? Duration.ZERO : duration;
    }

    /**
     * Whether nobody is told of it: a question to the name server, which is told of by what becomes of it, or a probe, which is of this
     * node's own making and no doing of an agent.
     */
    private static boolean isOurs(TrackedConnection connection) {
        String nextHop = AddressPlan.NEXT_HOP.toString();
        return connection.source().equals(nextHop)
                || (connection.destination().equals(nextHop) && connection.destinationPort() == 53);
    }

    private static Optional<Instant> begun(TrackedConnection connection) {
        return connection.begun().map(nanos -> Instant.ofEpochSecond(0, nanos));
    }

    private static Tuple tuple(TrackedConnection connection) {
        return new Tuple(
                connection.protocol(),
                connection.source(),
                connection.sourcePort(),
                connection.destination(),
                connection.destinationPort());
    }

    /** The kernel's number is of this boot and may come again later, with the same ends hardly ever. */
    private static String flow(TrackedConnection connection) {
        return Names.digest(Integer.toUnsignedString(connection.id()) + " " + tuple(connection), 16);
    }

    @Override
    public void close() {
        connections.close();
        packets.close();
        filter.close();
        synchronized (lists) {
            lists.close();
        }
    }
}
