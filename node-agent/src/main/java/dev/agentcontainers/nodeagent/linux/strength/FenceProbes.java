package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.CLOSED_PORT;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.DENIED;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.FENCE;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.HOST;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.METADATA;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.OPEN_PORT;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.RESOLVER;
import static dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.UPLINK;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.strength.network.Packet;
import dev.agentcontainers.nodeagent.linux.strength.network.Packet.Destination;
import dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork;
import dev.agentcontainers.nodeagent.linux.strength.network.TrialNetwork.Forgery;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * At what an agent's rules do not allow, and at what no rule can: in a network of the suite's own, by the agent's own program, and
 * from its interface as what has taken its sandbox over could. That something else arrives shows that silence means something.
 */
final class FenceProbes {
    private static final String DENIED_ADDRESS = "denied-address";
    private static final String FOREIGN_RESOLVER = "foreign-name-server";
    private static final String CLOUD_METADATA = "cloud-metadata";
    private static final String NODE = "addresses-of-node";
    private static final String OTHER_AGENT = "another-agent";
    private static final String FALSE_SOURCE = "false-source";
    private static final String OTHER_PROTOCOLS = "other-protocols";
    private static final String IPV6 = "ipv6-past-the-fence";
    private static final String TAKEN_BACK = "rule-taken-back";

    /** In the order in which they are judged: what changes the rules comes last. */
    static final List<String> NAMES = List.of(
            DENIED_ADDRESS,
            FOREIGN_RESOLVER,
            CLOUD_METADATA,
            NODE,
            OTHER_AGENT,
            FALSE_SOURCE,
            OTHER_PROTOCOLS,
            IPV6,
            TAKEN_BACK);

    private static final Ipv4 STRANGER = Ipv4.parse("198.51.100.77");
    private static final Ipv4 MULTICAST = Ipv4.parse("224.0.0.251");
    private static final Ipv4 EVERYBODY = Ipv4.parse("255.255.255.255");
    private static final int DNS = 53;
    private static final int WEB = 80;

    private final TrialNetwork network;
    private final Map<String, List<Destination>> attempts = new LinkedHashMap<>();
    private final String last = word();

    FenceProbes(TrialNetwork network) {
        this.network = network;
        attempts.put(DENIED_ADDRESS, both(at(DENIED, WEB), at(ALLOWED, CLOSED_PORT)));
        attempts.put(FOREIGN_RESOLVER, both(at(RESOLVER, DNS)));
        attempts.put(CLOUD_METADATA, both(at(METADATA, WEB)));
        // What comes to the fence itself by UDP is seen nowhere.
        attempts.put(
                NODE,
                Stream.concat(
                                both(at(HOST, CLOSED_PORT)).stream(),
                                Stream.of(at(UPLINK, CLOSED_PORT), at(FENCE, CLOSED_PORT)))
                        .toList());
        attempts.put(OTHER_AGENT, both(at(network.neighbour(), CLOSED_PORT)));
    }

    private static String word() {
        return UUID.randomUUID().toString();
    }

    private static Destination at(Ipv4 address, int port) {
        return new Destination(Packet.TCP, address, port);
    }

    private static List<Destination> both(Destination... byTcp) {
        return Stream.of(byTcp)
                .flatMap(to -> Stream.of(to, new Destination(Packet.UDP, to.address(), to.port())))
                .toList();
    }

    /** The executable file: what is allowed, all attempts, and in the end a datagram that is allowed. */
    byte[] program() {
        CallProgram program = new CallProgram(Machine.current());
        SocketProbes.connect(program, at(ALLOWED, OPEN_PORT));
        SocketProbes.connect(program, at(network.neighbour(), OPEN_PORT));
        attempts.values().forEach(all -> all.forEach(to -> SocketProbes.connect(program, to)));
        SocketProbes.connectByIpv6(program, written(DENIED), WEB);
        SocketProbes.connectByIpv6(program, ipv6(1), WEB);
        SocketProbes.say(program, new Destination(Packet.UDP, ALLOWED, OPEN_PORT), last);
        return program.waiting();
    }

    /** An IPv4 address written as one of IPv6 (RFC 4291). */
    private static byte[] written(Ipv4 address) {
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xff;
        mapped[11] = (byte) 0xff;
        System.arraycopy(address.bytes(), 0, mapped, 12, Integer.BYTES);
        return mapped;
    }

    /** Of the range for documentation (RFC 3849). */
    private static byte[] ipv6(int host) {
        return Inet6Address.ofLiteral("2001:db8::" + host).getAddress();
    }

    /** Looks at what came of all of them, by name. */
    Map<String, Judgement> judge() throws IOException, InterruptedException {
        Optional<String> missing = network.missing(last);
        if (missing.isPresent()) {
            return all(Judgement.unknown("what is allowed did not arrive either (%s), so that silence says nothing"
                    .formatted(missing.get())));
        }
        Map<String, Judgement> judgements = new LinkedHashMap<>();
        for (Map.Entry<String, List<Destination>> attempt : attempts.entrySet()) {
            judgements.put(attempt.getKey(), own(attempt.getValue()));
        }
        judgements.put(FALSE_SOURCE, forged("sources that are not its own", this::falseSources));
        judgements.put(OTHER_PROTOCOLS, forged("tunnels, ICMP, SCTP, multicast and broadcast", FenceProbes::protocols));
        judgements.put(IPV6, forged("IPv6", word -> List.of((sent, _) -> sent.ipv6(ipv6(2), ipv6(1), WEB, word))));
        judgements.put(TAKEN_BACK, takenBack());
        return judgements;
    }

    /** The same of each. */
    static Map<String, Judgement> all(Judgement judgement) {
        Map<String, Judgement> judgements = new LinkedHashMap<>();
        NAMES.forEach(name -> judgements.put(name, judgement));
        return judgements;
    }

    private Judgement own(List<Destination> destinations) throws IOException {
        Optional<String> reached = network.reached(destinations);
        long sent = network.sent(destinations);
        return Judgement.of(
                reached.isEmpty(),
                reached.map(where -> "it reached " + where)
                        .orElse("%d packets left its interface, none arrived; what is allowed did".formatted(sent)));
    }

    private interface Forgeries {
        List<Forgery> with(String word);
    }

    private Judgement forged(String what, Forgeries forgeries) throws InterruptedException {
        String word = word();
        List<Forgery> all = forgeries.with(word);
        try {
            boolean passed = network.passes(all, word);
            return Judgement.of(
                    !passed,
                    "%s, %d packets from its interface: %s"
                            .formatted(
                                    what, all.size(), passed ? "came out" : "none came out, one that is allowed did"));
        } catch (IOException e) {
            return Judgement.unknown(String.valueOf(e.getMessage()));
        }
    }

    private List<Forgery> falseSources(String word) {
        return Stream.of(network.neighbour(), UPLINK, FENCE, HOST, STRANGER, Ipv4.parse("127.0.0.1"))
                .map(source -> (Forgery) (sent, _) -> sent.udp(source, ALLOWED, OPEN_PORT, word))
                .toList();
    }

    /** Sources: RFC 792, 2003, 2784, 4213, 4303, 9260. */
    private static List<Forgery> protocols(String word) {
        int icmp = 1;
        int ipInIp = 4;
        int ipv6InIp = 41;
        int gre = 47;
        int esp = 50;
        int sctp = 132;
        byte[] head = {8, 0, 0, 0, 0, 0, 0, 0};
        List<Forgery> all = new ArrayList<>();
        for (int protocol : List.of(icmp, ipInIp, ipv6InIp, gre, esp, sctp)) {
            all.add((sent, agent) -> sent.other(agent, ALLOWED, protocol, head, word));
        }
        for (Ipv4 address : List.of(MULTICAST, EVERYBODY)) {
            all.add((sent, agent) -> sent.udp(agent, address, OPEN_PORT, word));
        }
        return all;
    }

    /** In a conversation that the fence had let pass. */
    private Judgement takenBack() throws InterruptedException {
        Forgeries allowed = word -> List.of((sent, agent) -> sent.udp(agent, ALLOWED, OPEN_PORT, word));
        String before = word();
        String after = word();
        try {
            if (!network.passes(allowed.with(before), before)) {
                return Judgement.unknown("what is allowed did not arrive before the rule was taken back");
            }
            network.takeBack();
            boolean passed = network.passes(allowed.with(after), after);
            return Judgement.of(
                    !passed,
                    "a datagram in a conversation under way, when its rule was taken back: "
                            + (passed ? "came out" : "did not come out, as it had before"));
        } catch (IOException | SandboxException e) {
            return Judgement.unknown(String.valueOf(e.getMessage()));
        }
    }
}
