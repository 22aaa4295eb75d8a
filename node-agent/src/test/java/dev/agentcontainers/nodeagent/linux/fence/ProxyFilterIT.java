package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.METADATA;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.egress.FenceUpkeep;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a process of the egress proxy's user, whatever it does, can send from the host. */
@Tag("node")
class ProxyFilterIT {
    private static final String RESOLVER = PUBLIC;
    private static final String LOOPBACK = "127.0.0.53";
    private static final String IPV6 = "2001:db8::53";
    private static final String OTHER_IPV6 = "2001:db8::54";

    /** Sends and waits for the answer; what the servers of {@link Machine} say. */
    private static final String SEND = """
            import socket, sys
            address, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
            family = socket.AF_INET6 if ':' in address else socket.AF_INET
            try:
                s = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
                s.settimeout(1)
                s.connect((address, port))
                s.send(b'x')
                print('ok' if kind == 'sent' or s.recv(100) else 'closed')
            except OSError as e:
                print(e)
            """;

    private Machine machine;
    private LinuxFence fence;
    private long user;

    @BeforeEach
    void confine() throws IOException, SandboxException {
        machine = Machine.create();
        machine.onHost("ip addr add 2001:db8::1/64 dev up0 nodad");
        machine.onServers(
                "ip addr add " + IPV6 + "/64 dev down0 nodad; ip addr add " + OTHER_IPV6 + "/64 dev down0 nodad");
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        user = fence.confineProxy(addresses(RESOLVER, LOOPBACK, IPV6));
    }

    @AfterEach
    void destroy() throws IOException, SandboxException {
        if (machine != null) {
            fence.destroy();
            machine.close();
        }
    }

    private static List<InetSocketAddress> addresses(String... addresses) {
        return Arrays.stream(addresses)
                .map(address -> new InetSocketAddress(address, PORT))
                .toList();
    }

    private String as(long whom, String address, int port, String kind) {
        return machine.onHost("setpriv --reuid=" + whom + " --regid=" + whom
                        + " --clear-groups --bounding-set=-all --no-new-privs /usr/bin/python3 -c \"" + SEND + "\" "
                        + address
                        + " " + port + " " + kind)
                .strip();
    }

    private String tcp(String address, int port) {
        return as(user, address, port, "tcp");
    }

    private String udp(String address, int port) {
        return as(user, address, port, "udp");
    }

    @Test
    void itReachesItsResolversAndNothingElse() {
        for (String resolver : List.of(RESOLVER, LOOPBACK)) {
            assertThat(tcp(resolver, PORT)).as(resolver).isEqualTo("ok");
            assertThat(as(user, resolver, PORT, "sent")).as(resolver).isEqualTo("ok");
            assertThat(tcp(resolver, OTHER_PORT))
                    .as("another port of " + resolver)
                    .isEqualTo("timed out");
            assertThat(udp(resolver, OTHER_PORT)).isEqualTo("[Errno 1] Operation not permitted");
        }
        for (String address : List.of("127.0.0.1", HOST, ALLOWED, DENIED, METADATA, "203.0.113.5")) {
            assertThat(tcp(address, PORT)).as(address).isEqualTo("timed out");
            assertThat(udp(address, PORT)).as(address).isEqualTo("[Errno 1] Operation not permitted");
        }
        assertThat(as(user, IPV6, PORT, "sent")).isEqualTo("ok");
        assertThat(as(user, OTHER_IPV6, PORT, "sent")).isEqualTo("[Errno 1] Operation not permitted");
        assertThat(as(user, "::1", PORT, "sent")).isEqualTo("[Errno 1] Operation not permitted");
    }

    /** All of these are reached where nobody is held to anything. */
    @Test
    void othersAreNotHeldToAnything() {
        for (String address : List.of("127.0.0.1", HOST, ALLOWED, DENIED, METADATA, "203.0.113.5")) {
            for (long other : List.of(0L, user - 1, user + 1)) {
                assertThat(as(other, address, PORT, "tcp"))
                        .as(other + " to " + address)
                        .isEqualTo("ok");
            }
            assertThat(as(user + 1, address, PORT, "udp")).as(address).isEqualTo("ok");
        }
        assertThat(as(user + 1, OTHER_IPV6, PORT, "sent")).isEqualTo("ok");
    }

    /** It could listen there, and be asked by somebody else of the machine. */
    @Test
    void itAnswersNobodyOnTheHost() {
        String listen = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 9999)); s.listen(); s.settimeout(3);"
                + " s.accept()";
        assertThat(machine.onHost("setpriv --reuid=" + user + " --regid=" + user
                        + " --clear-groups /usr/bin/python3 -c \"" + listen
                        + "\" 2>/dev/null & sleep 0.5; /usr/bin/python3 -c \"" + SEND
                        + "\" 127.0.0.1 9999 tcp; wait"))
                .contains("timed out");
    }

    @Test
    void itBeginsConnectionsWhereARuleWithTlsOpenedAndNowhereElse() throws Exception {
        AllowedName name = new AllowedName("www.example.org", Protocol.TCP, PORT, PORT);
        GroupRuleset rules = new GroupRuleset(
                "tls",
                RulesetHash.of(List.of(), List.of(), List.of(), List.of(name)),
                List.of(),
                List.of(),
                List.of(),
                List.of(name));
        fence.apply(List.of(rules));
        try (HostileAgent agent = machine.agent()) {
            SandboxId id = new SandboxId(UUID.randomUUID().toString());
            fence.attach(id, agent.network(), rules.name());
            open(id, rules, ALLOWED, Duration.ofMinutes(1));
            open(id, rules, DENIED, Duration.ofMillis(1));

            assertThat(tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(tcp(ALLOWED, OTHER_PORT)).as("another port").isEqualTo("timed out");
            assertThat(udp(ALLOWED, PORT)).as("another protocol").isEqualTo("[Errno 1] Operation not permitted");
            assertThat(tcp(METADATA, PORT)).as("another address").isEqualTo("timed out");
            assertThat(tcp(DENIED, PORT)).as("one that is over").isEqualTo("timed out");

            open(id, rules, ALLOWED, Duration.ofMillis(1));
            fence.confineProxy(addresses(RESOLVER));
            assertThat(tcp(ALLOWED, PORT))
                    .as("a shorter time closes nothing, and neither do other resolvers")
                    .isEqualTo("ok");

            machine.onHost("nft delete table inet " + machine.settings().proxyTable());
            fence.repair();
            assertThat(tcp(ALLOWED, PORT)).as("after a repair").isEqualTo("ok");

            machine.onHost("nft add table ip t; nft add chain ip t d { type nat hook output priority -100\\; };"
                    + " nft add rule ip t d ip daddr " + ALLOWED + " tcp dport " + PORT + " dnat to " + HOST + ":"
                    + PORT);
            assertThat(tcp(ALLOWED, PORT))
                    .as("what the host translates to itself")
                    .isEqualTo("timed out");
            assertThat(as(user + 1, ALLOWED, PORT, "tcp")).as("others").isEqualTo("ok");
        }
    }

    /** It would have been open to the proxy for as long as it was asked for. */
    @Test
    void whatNoAgentMayReachAnyMoreIsClosedWithTheNextRepair() throws Exception {
        GroupRuleset rules =
                Groups.named("tls", List.of(), List.of(Groups.name("www.example.org", Protocol.TCP, PORT)));
        fence.apply(List.of(rules, Groups.EMPTY));
        try (HostileAgent one = machine.agent();
                HostileAgent other = machine.agent()) {
            fence.attach(one.id(), one.network(), "tls");
            fence.attach(other.id(), other.network(), "tls");
            open(one.id(), rules, ALLOWED, Duration.ofMinutes(1));
            open(other.id(), rules, ALLOWED, Duration.ofSeconds(30));

            fence.detach(one.id());
            fence.repair();
            assertThat(tcp(ALLOWED, PORT)).as("the other agent's").isEqualTo("ok");

            fence.apply(List.of(Groups.named("tls"), Groups.EMPTY));
            fence.repair();
            assertThat(tcp(ALLOWED, PORT)).isEqualTo("timed out");

            fence.apply(List.of(rules, Groups.EMPTY));
            open(other.id(), rules, ALLOWED, Duration.ofMinutes(1));
            fence.repair();
            assertThat(tcp(ALLOWED, PORT)).as("opened anew").isEqualTo("ok");
            fence.detach(other.id());
        }
    }

    /** The node agent's proxy would not go there any more; this holds for whatever runs as its user. */
    @Test
    void whatIsNeverAllowedIsClosedAtOnceAndStaysSo() throws Exception {
        GroupRuleset rules =
                Groups.named("tls", List.of(), List.of(Groups.name("www.example.org", Protocol.TCP, PORT)));
        fence.apply(List.of(rules));
        try (HostileAgent agent = machine.agent()) {
            fence.attach(agent.id(), agent.network(), "tls");
            open(agent.id(), rules, ALLOWED, Duration.ofMinutes(1));
            open(agent.id(), rules, DENIED, Duration.ofMinutes(1));
            assertThat(tcp(ALLOWED, PORT)).isEqualTo("ok");

            fence.neverAllow(List.of(ALLOWED + "/32"));
            assertThat(tcp(ALLOWED, PORT)).isEqualTo("timed out");
            assertThat(tcp(DENIED, PORT)).as("beside it").isEqualTo("ok");
            assertThatExceptionOfType(SandboxException.class)
                    .isThrownBy(() -> open(agent.id(), rules, ALLOWED, Duration.ofMinutes(1)));
            fence.repair();
            assertThat(tcp(ALLOWED, PORT)).isEqualTo("timed out");

            fence.neverAllow(List.of());
            assertThat(tcp(ALLOWED, PORT)).as("before it is opened anew").isEqualTo("timed out");
            open(agent.id(), rules, ALLOWED, Duration.ofMinutes(1));
            assertThat(tcp(ALLOWED, PORT)).isEqualTo("ok");
            fence.detach(agent.id());
        }
    }

    private void open(SandboxId id, GroupRuleset rules, String address, Duration timeToLive) throws SandboxException {
        fence.openResolved(
                id, rules.hash(), List.of(new ResolvedDestination(address, Protocol.TCP, PORT, timeToLive, true)));
    }

    @Test
    void otherResolversTakeThePlaceOfThoseBefore() throws SandboxException {
        assertThat(fence.confineProxy(addresses(ALLOWED))).isEqualTo(user);

        assertThat(udp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(udp(RESOLVER, PORT)).isEqualTo("[Errno 1] Operation not permitted");

        fence.confineProxy(List.of());
        assertThat(udp(ALLOWED, PORT)).isEqualTo("[Errno 1] Operation not permitted");
    }

    @Test
    void itIsHeldWhileTheNodeAgentIsAwayAndAfterItIsBack() throws SandboxException {
        fence.close();
        assertThat(udp(RESOLVER, PORT)).isEqualTo("ok");
        assertThat(udp(ALLOWED, PORT)).isEqualTo("[Errno 1] Operation not permitted");

        fence.open(Machine.fenceSettings());
        assertThat(udp(ALLOWED, PORT)).isEqualTo("[Errno 1] Operation not permitted");
        assertThat(fence.confineProxy(addresses(RESOLVER))).isEqualTo(user);
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    @Test
    void whatOthersChangeIsNamedAndPutRight() throws Exception {
        String table = machine.settings().proxyTable();
        machine.onHost("nft insert rule inet " + table + " sent accept");
        assertThat(udp(ALLOWED, PORT)).as("the test can fail").isEqualTo("ok");

        assertThat(fence.repair().repaired()).anyMatch(what -> what.contains(table));
        assertThat(udp(ALLOWED, PORT)).isEqualTo("[Errno 1] Operation not permitted");
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);

        machine.onHost("nft flush ruleset");
        fence.confineProxy(addresses(RESOLVER, LOOPBACK, IPV6));
        assertThat(udp(ALLOWED, PORT)).isEqualTo("[Errno 1] Operation not permitted");

        try (FenceUpkeep upkeep = new FenceUpkeep(fence).start()) {
            machine.onHost("nft delete table inet " + table);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> udp(ALLOWED, PORT).equals("[Errno 1] Operation not permitted"));
            assertThat(upkeep.warnings()).isEmpty();
        }
    }

    @Test
    void whereItCannotBeHeldTheNodeAgentIsTold() {
        String table = machine.settings().proxyTable();
        machine.onHost("nft delete table inet " + table + "; nft add table inet " + table + "; nft add chain inet "
                + table + " output { type nat hook output priority 5\\; }");

        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.confineProxy(addresses(RESOLVER)))
                .withMessageContaining("hold the egress proxy to its resolvers");
    }

    @Test
    void fencesOfOneMachineHaveUsersAndTablesOfTheirOwn() throws SandboxException {
        LinuxFenceSettings settings = new LinuxFenceSettings(
                machine.settings().name() + "-2",
                machine.settings().hostNamespace(),
                machine.settings().namespaceDirectory(),
                machine.settings().runDirectory(),
                1500);
        try (LinuxFence other = new LinuxFence(settings, FenceSystem.linux())) {
            other.open(Machine.fenceSettings("100.80.5.0/28"));
            long another = other.confineProxy(addresses(ALLOWED));
            assertThat(another).isNotEqualTo(user);
            assertThat(as(another, ALLOWED, PORT, "udp")).isEqualTo("ok");
            assertThat(as(another, RESOLVER, PORT, "udp")).isEqualTo("[Errno 1] Operation not permitted");
            assertThat(udp(ALLOWED, PORT)).isEqualTo("[Errno 1] Operation not permitted");
            other.destroy();
        }
        assertThat(machine.onHost("nft list tables"))
                .contains(machine.settings().proxyTable())
                .doesNotContain(settings.proxyTable());
        assertThat(udp(RESOLVER, PORT)).isEqualTo("ok");

        fence.destroy();
        assertThat(machine.onHost("nft list tables")).doesNotContain("agentcontainers");
    }
}
