package dev.agentcontainers.nodeagent.linux.strength.network;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFence;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.strength.network.Packet.Destination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine of network namespaces: a host with a fence, a neighbour that is attached to the fence, and servers behind the host. Its
 * addresses are those of documentation, and lead nowhere else. All of it ends with this process but for the fence's own namespace,
 * which the next one of the same name removes. Not thread-safe.
 */
public final class TrialNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrialNetwork.class);

    /** A server's. TCP and UDP at {@link #OPEN_PORT} of it are allowed to the agent. */
    public static final Ipv4 ALLOWED = Ipv4.parse("192.0.2.1");

    /** A server's, which no rule allows. */
    public static final Ipv4 DENIED = Ipv4.parse("198.51.100.1");

    /** The same of a server that answers for names. */
    public static final Ipv4 RESOLVER = Ipv4.parse("198.51.100.53");

    /** The host's. A rule allows it, in vain, at all ports. */
    public static final Ipv4 HOST = Ipv4.parse("203.0.113.1");

    /** The same, of a server. */
    public static final Ipv4 METADATA = Ipv4.parse("169.254.169.254");

    /** The fence's own at its way out. */
    public static final Ipv4 UPLINK = Ipv4.parse("100.80.0.1");

    /** That by which agents reach the fence. */
    public static final Ipv4 FENCE = Ipv4.parse("169.254.1.1");

    public static final int OPEN_PORT = 8080;
    public static final int CLOSED_PORT = 8081;

    /** The agent may send there by UDP as well. */
    static final int MARKED_PORT = 8090;

    private static final Ipv4 SERVERS = Ipv4.parse("203.0.113.2");
    private static final String AGENTS = "100.80.0.0/28";
    private static final int LAST_PORT = 65_535;
    private static final String AGENT = "agent";
    private static final String NEIGHBOUR = "neighbour";
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(2);
    private static final Duration SETTLING = Duration.ofMillis(10);

    private final Deque<AutoCloseable> made = new ArrayDeque<>();
    private final Place host;
    private final Place neighbour;
    private final Fence fence;
    private final PacketSocket outside;
    private final PacketSocket atNeighbour;
    private final ServerSocketChannel server;
    private final ServerSocketChannel neighboursOpen;

    /** What nobody may come to, by what it is. */
    private final List<Closed> closed = new ArrayList<>();

    private final Ipv4 neighboursAddress;
    private final List<Packet> out = new ArrayList<>();
    private final List<Packet> toNeighbour = new ArrayList<>();
    private final List<Packet> left = new ArrayList<>();
    private Optional<Interface> attached = Optional.empty();

    private record Closed(Ipv4 address, ServerSocketChannel listener) {}

    /** The agent's. */
    private record Interface(PacketSocket socket, int index, Ipv4 address) {}

    /**
     * Makes it.
     *
     * @param settings of a fence that nobody else has; its host is this machine's
     * @param around what the fence is used by: itself, but for who looks whether a broken one is found out
     */
    public TrialNetwork(LinuxFenceSettings settings, UnaryOperator<Fence> around) throws IOException, SandboxException {
        try {
            host = closing(Place.make("trial host"));
            Place servers = closing(Place.make("trial servers"));
            neighbour = closing(Place.make("trial neighbour"));
            host.lay(HOST, servers, SERVERS);
            for (Ipv4 address : List.of(ALLOWED, DENIED, RESOLVER, METADATA)) {
                servers.take(address);
            }
            LinuxFence own = new LinuxFence(settings.at(host.path()));
            // What a process that was killed has left.
            own.destroy();
            closing(own::destroy);
            fence = around.apply(own);
            fence.open(new FenceSettings(AGENTS, AGENTS, List.of()));
            fence.apply(List.of(rules(true), neighbours()));
            neighboursAddress =
                    Ipv4.parse(fence.attach(newId("neighbour"), new NetworkAttachment(neighbour.thread()), NEIGHBOUR)
                            .address());
            server = closing(servers.listen(OPEN_PORT));
            neighboursOpen = closing(neighbour.listen(OPEN_PORT));
            closed.add(new Closed(neighboursAddress, closing(neighbour.listen(CLOSED_PORT))));
            closed.add(new Closed(HOST, closing(host.listen(CLOSED_PORT))));
            Place inside = closing(Place.of(settings.namespaceDirectory().resolve(settings.name()), "trial fence"));
            closed.add(new Closed(FENCE, closing(inside.listen(CLOSED_PORT))));
            outside = closing(host.call(PacketSocket::open));
            atNeighbour = closing(neighbour.call(PacketSocket::open));
        } catch (IOException | SandboxException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T closing(T part) {
        made.push(part);
        return part;
    }

    private static SandboxId newId(String what) {
        return new SandboxId(IsolationDriver.TRIAL + what + "-" + UUID.randomUUID());
    }

    /** @param whole whether the agent may send to the open port by UDP, and not to the marked one alone */
    private static GroupRuleset rules(boolean whole) {
        List<Allow> egress = new ArrayList<>();
        egress.add(new Allow(ALLOWED + "/32", Protocol.TCP, OPEN_PORT, OPEN_PORT));
        egress.add(new Allow(ALLOWED + "/32", Protocol.UDP, MARKED_PORT, MARKED_PORT));
        if (whole) {
            egress.add(new Allow(ALLOWED + "/32", Protocol.UDP, OPEN_PORT, OPEN_PORT));
        }
        // What stays closed whatever rules say.
        for (String range : List.of("169.254.0.0/16", HOST + "/32", AGENTS)) {
            for (Protocol protocol : List.of(Protocol.TCP, Protocol.UDP)) {
                egress.add(new Allow(range, protocol, 1, LAST_PORT));
            }
        }
        return group(AGENT, egress, List.of());
    }

    private static GroupRuleset neighbours() {
        return group(NEIGHBOUR, List.of(), List.of(new Allow(AGENTS, Protocol.TCP, OPEN_PORT, OPEN_PORT)));
    }

    private static GroupRuleset group(String name, List<Allow> egress, List<Allow> ingress) {
        return new GroupRuleset(name, RulesetHash.of(egress, ingress, List.of()), egress, ingress, List.of());
    }

    /** Attaches an agent of which nothing has run yet, and looks at its interface from then on. */
    public void attach(SandboxId id, NetworkAttachment agent) throws IOException, SandboxException {
        Ipv4 address = Ipv4.parse(fence.attach(id, agent, AGENT).address());
        attached = Optional.of(host.visit(
                agent.pid(), () -> new Interface(closing(PacketSocket.open()), Place.index("eth0"), address)));
    }

    /** Of the other agent: it lets agents in at {@link #OPEN_PORT} by TCP. */
    public Ipv4 neighbour() {
        return neighboursAddress;
    }

    /**
     * Waits until what is allowed has arrived: at the server, at the neighbour, and the agent's last datagram outside.
     *
     * @param last what that says
     * @return what did not; empty where all did
     */
    public Optional<String> missing(String last) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        boolean atServer = false;
        boolean beside = false;
        boolean datagram = false;
        while (System.nanoTime() < deadline) {
            atServer |= isReached(server);
            beside |= isReached(neighboursOpen);
            look();
            datagram |= out.stream().anyMatch(packet -> packet.has(last));
            if (atServer && beside && datagram) {
                settle();
                return Optional.empty();
            }
            Thread.sleep(PAUSE);
        }
        return Optional.of(!atServer ? "a connection by TCP" : beside ? "a datagram" : "a connection to another agent");
    }

    /** What was sent before by another processor may come a little later. */
    private void settle() throws InterruptedException {
        Thread.sleep(SETTLING);
        look();
    }

    private static boolean isReached(ServerSocketChannel listener) throws IOException {
        try (var connection = listener.accept()) {
            return connection != null;
        }
    }

    private void look() {
        out.addAll(outside.received());
        toNeighbour.addAll(atNeighbour.received());
        attached.ifPresent(its -> left.addAll(its.socket().received()));
    }

    /** What the agent's interface sent there. */
    public long sent(List<Destination> destinations) {
        return left.stream().filter(isTo(destinations)).count();
    }

    /** The first of these that something arrived at: out of the fence, at the neighbour, or in what listens there. */
    public Optional<String> reached(List<Destination> destinations) throws IOException {
        for (Closed each : closed) {
            boolean asked = destinations.stream().anyMatch(to -> to.address().equals(each.address()));
            if (asked && isReached(each.listener())) {
                return Optional.of("what listens at " + each.address());
            }
        }
        return destinations.stream()
                .filter(to -> out.stream().anyMatch(isTo(List.of(to)))
                        || toNeighbour.stream().anyMatch(isTo(List.of(to))))
                .findFirst()
                .map(Destination::toString);
    }

    private static Predicate<Packet> isTo(List<Destination> destinations) {
        return packet -> packet.destination().filter(destinations::contains).isPresent();
    }

    /** Makes a packet beside one that the agent has sent itself. */
    @FunctionalInterface
    public interface Forgery {
        Packet beside(Packet sent, Ipv4 agent);
    }

    /**
     * Sends packets from the agent's interface, as what has taken its sandbox over could, and in the end one that is allowed.
     *
     * @param word that is in each of them
     * @return whether one of them came out of the fence, or to the neighbour
     * @throws IOException where the allowed one did not, so that it is not known
     */
    public boolean passes(List<Forgery> forgeries, String word) throws IOException, InterruptedException {
        Interface its = attached.orElseThrow();
        Packet sent = left.stream()
                .filter(isTo(List.of(new Destination(Packet.TCP, ALLOWED, OPEN_PORT))))
                .findFirst()
                .orElseThrow(() -> new IOException("no packet of its own was seen at its interface"));
        for (Forgery forgery : forgeries) {
            its.socket().send(its.index(), forgery.beside(sent, its.address()));
        }
        String mark = UUID.randomUUID().toString();
        its.socket().send(its.index(), sent.udp(its.address(), ALLOWED, MARKED_PORT, mark));
        awaitOutside(mark);
        return out.stream().anyMatch(packet -> packet.has(word))
                || toNeighbour.stream().anyMatch(packet -> packet.has(word));
    }

    private void awaitOutside(String mark) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            look();
            if (out.stream().anyMatch(packet -> packet.has(mark))) {
                settle();
                return;
            }
            Thread.sleep(PAUSE);
        }
        throw new IOException("a packet that is allowed did not arrive from its interface either");
    }

    /** Has the agent's rules allow it nothing more by UDP but the marked port. */
    public void takeBack() throws SandboxException {
        fence.apply(List.of(rules(false), neighbours()));
    }

    @Override
    public void close() {
        while (!made.isEmpty()) {
            try {
                made.pop().close();
            } catch (Exception e) {
                LOG.warn("a network of a measurement can't be removed", e);
            }
        }
    }
}
