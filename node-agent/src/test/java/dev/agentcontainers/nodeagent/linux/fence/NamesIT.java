package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.METADATA;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What names have resolved to, and the way to the name server, for agents with all capabilities and no seccomp. */
@Tag("node")
class NamesIT {
    private static final String NAME_SERVER = "169.254.1.1";
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final AllowedName DATA = Groups.name("data.example", Protocol.TCP, PORT);
    private static final AllowedName MORE = Groups.name("more.example", Protocol.TCP, PORT);
    private static final AllowedName ELSEWHERE = Groups.name("data.example", Protocol.TCP, 443);
    private static final GroupRuleset NAMED = Groups.named("named", DATA);
    private static final GroupRuleset OTHER = Groups.named("other", DATA);

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;
    private HostileAgent other;
    private String address;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        fence.open(Machine.fenceSettings());
        apply(NAMED);
        agent = machine.agent();
        other = machine.agent();
        address = fence.attach(agent.id(), agent.network(), "named").address();
        fence.attach(other.id(), other.network(), "named");
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            agent.close();
            other.close();
            fence.destroy();
            machine.close();
        }
    }

    private void apply(GroupRuleset... rulesets) throws SandboxException {
        List<GroupRuleset> all = new ArrayList<>(List.of(rulesets));
        all.add(OTHER);
        for (GroupRuleset ruleset : all) {
            assertThat(fence.apply(all)).containsEntry(ruleset.name(), ruleset.hash());
        }
    }

    private void open(String destination, Duration timeToLive) throws SandboxException {
        open(agent.id(), List.of(new ResolvedDestination(destination, Protocol.TCP, PORT, timeToLive)));
    }

    /** As one who has looked at the rules that are in force. */
    private void open(SandboxId id, List<ResolvedDestination> destinations) throws SandboxException {
        fence.openResolved(id, hash(id), destinations);
    }

    private String hash(SandboxId id) throws SandboxException {
        Attachment attached = fence.attachments().get(id);
        return attached == null ? "none" : attached.hash();
    }

    /** The name may be one that was taken back while the question was on its way, and another has its port. */
    @Test
    void whatWasFoundInFormerRulesIsNotOpened() throws Exception {
        String former = hash(agent.id());
        fence.openResolved(agent.id(), former, List.of(new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG)));

        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.openResolved(
                        agent.id(), "another", List.of(new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG))))
                .satisfies(refused -> assertThat(refused.kind()).isEqualTo(SandboxException.Kind.TRANSIENT))
                .withMessageContaining("other rules by now");
    }

    /** The kernel shows for how long an element was written. */
    @Test
    void whatIsOpenForLongEnoughIsNotWrittenAgain() throws Exception {
        open(ALLOWED, Duration.ofMinutes(10));
        open(ALLOWED, Duration.ofSeconds(20));
        assertThat(resolved()).contains("timeout 10m ");

        open(ALLOWED, Duration.ofMinutes(15));
        assertThat(resolved()).contains("timeout 15m ").doesNotContain("timeout 10m ");
    }

    private String resolved() {
        return machine.inFence("nft list map inet agentfence resolved");
    }

    private String tracked() {
        return machine.inFence("cat /proc/net/nf_conntrack");
    }

    @Test
    void onlyWhatWasOpenedAndOnlyForItsAgent() throws SandboxException {
        assertThat(agent.tcp(ALLOWED, PORT)).as("before").contains("No route to host");
        open(ALLOWED, LONG);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, OTHER_PORT)).contains("No route to host");
        assertThat(agent.udp(ALLOWED, PORT)).contains("No route to host");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(other.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void afterItsTimeNothingBeginsAndWhatBeganGoesOn() throws SandboxException {
        open(ALLOWED, Duration.ofSeconds(2));
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host"));
        assertThat(resolved()).doesNotContain(ALLOWED);
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        fence.repair();
        fence.apply(List.of(NAMED));
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void openedAgainItLastsLongerAndNeverLessLong() throws Exception {
        open(ALLOWED, Duration.ofSeconds(1));
        open(ALLOWED, Duration.ofSeconds(30));
        open(ALLOWED, Duration.ofMillis(1));
        await().pollDelay(Duration.ofMillis(1500)).until(() -> true);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        open(DENIED, Duration.ofMillis(50));
        await().pollDelay(Duration.ofMillis(200)).until(() -> true);
        open(DENIED, LONG);
        assertThat(agent.tcp(DENIED, PORT)).as("after it had expired").isEqualTo("ok");
    }

    @Test
    void aNameThatIsTakenBackCutsItsConnections() throws Exception {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.request("open_flow", "idle", ALLOWED, PORT)).isEqualTo("ok");
        assertThat(tracked()).contains(ALLOWED);

        apply(Groups.named("named"));
        assertThat(resolved()).doesNotContain(ALLOWED);
        assertThat(tracked()).as("idle ones too").doesNotContain(ALLOWED);
        try (Capture arriving = machine.captureAtServers("src " + Machine.HOST)) {
            assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
            assertThat(agent.request("send_flow", "idle")).contains("reset by peer");
            assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
        apply(NAMED);
        assertThat(agent.tcp(ALLOWED, PORT)).as("it has to be resolved again").contains("No route to host");
    }

    @Test
    void anotherNameAtTheSamePortDoesNotKeepAlive() throws SandboxException {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        apply(Groups.named("named", DATA, MORE));
        assertThat(agent.request("send_flow", "flow")).as("a name came").isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        apply(Groups.named("named", MORE));
        assertThat(agent.request("send_flow", "flow")).as("a name went").contains("reset by peer");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void aNameThatIsTakenBackAtAnotherPortCutsNothing() throws SandboxException {
        apply(Groups.named("named", DATA, ELSEWHERE));
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        apply(NAMED);
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    /** The rules alone end it: the node agent may die before it has cleared up. */
    @Test
    void theRulesAloneEndWhatANameLetPass() throws Exception {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        FailingSystem system = new FailingSystem(FenceSystem.linux());
        fence.close();
        try (LinuxFence dying = new LinuxFence(machine.settings(), system)) {
            dying.open(Machine.fenceSettings());
            dying.apply(List.of(NAMED, OTHER));
            assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
            int call = 1;
            while (resolved().contains(ALLOWED) && tracked().contains(ALLOWED)) {
                system.failAt(call++);
                try {
                    dying.apply(List.of(Groups.named("named", MORE), OTHER));
                    break;
                } catch (SandboxException e) {
                    assertThat(e).hasMessageContaining("made to fail");
                    if (machine.inFence("nft list chain inet agentfence g_named")
                            .contains(digestOf(MORE))) {
                        assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
                        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
                        break;
                    }
                } finally {
                    system.failAt(0);
                }
            }
            assertThat(call).isGreaterThan(4);
        }
        fence.open(Machine.fenceSettings());
    }

    /** Groups have no mark in common, so that what one's names let pass is nothing to another. */
    @Test
    void groupsHaveMarksOfTheirOwn() throws SandboxException {
        open(ALLOWED, LONG);
        open(other.id(), List.of(new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG)));
        fence.attach(other.id(), other.network(), "other");
        open(other.id(), List.of(new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG)));
        assertThat(resolved()
                        .lines()
                        .filter(line -> line.contains(ALLOWED))
                        .map(line -> line.replaceAll(".*: 0x", ""))
                        .distinct())
                .hasSize(2);
        assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    private static String digestOf(AllowedName name) {
        return Groups.named("named", name).hash().substring(0, 16);
    }

    @Test
    void theNextNodeAgentKeepsConnectionsAndCanCutThem() throws SandboxException {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        fence.close();
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        fence.open(Machine.fenceSettings());
        apply(NAMED);
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        open(ALLOWED, LONG);
        fence.close();
        fence.open(Machine.fenceSettings());
        apply(Groups.named("named", DATA, MORE));
        assertThat(agent.request("send_flow", "flow"))
                .as("which names there were isn't known")
                .contains("reset by peer");
        assertThat(resolved()).doesNotContain(ALLOWED);
    }

    @Test
    void nothingIsOpenedForAnAgentThatIsNotAttached() throws SandboxException {
        SandboxId nobody = new SandboxId("nobody");
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> open(nobody, List.of(new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG))))
                .withMessageContaining("sandbox nobody is not attached")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.TRANSIENT));
        fence.detach(agent.id());
        assertThatExceptionOfType(SandboxException.class).isThrownBy(() -> open(ALLOWED, LONG));
        assertThat(resolved()).doesNotContain("elements");
    }

    @ParameterizedTest
    @CsvSource({
        "10.20.0.1, TCP, 8081, no name of the policy group 'named' has that port",
        "10.20.0.1, UDP, 8080, no name of the policy group 'named' has that port",
        "169.254.169.254, TCP, 8080, no name opens",
        "203.0.113.5, TCP, 8080, no name opens",
        "10.9.0.1, TCP, 8080, no name opens",
        "100.80.4.3, TCP, 8080, no name opens",
        "100.81.0.3, TCP, 8080, no name opens",
        "127.0.0.1, TCP, 8080, no name opens",
        "fd00::1, TCP, 8080, fd00::1",
        "data.example, TCP, 8080, data.example",
    })
    void whatNoNameOpens(String destination, Protocol protocol, int port, String message) {
        ResolvedDestination wanted = new ResolvedDestination(destination, protocol, port, LONG);
        ResolvedDestination right = new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG);
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> open(agent.id(), List.of(right, wanted)))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INVALID_SPEC));
        assertThat(resolved()).as("all or nothing").doesNotContain("elements");
    }

    @Test
    void whatIsNeverAllowedStaysClosedThoughItWasOpened() throws Exception {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        String mark = machine.inFence("nft list map inet agentfence resolved | grep -o ': 0x[0-9a-f]*' | head -1")
                .substring(2)
                .strip();
        fence.neverAllow(List.of(ALLOWED));
        assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        assertThat(resolved()).as("nothing of it is left").doesNotContain(ALLOWED);
        // By hand, with the mark that the rules want.
        for (String closed : List.of(METADATA, Machine.HOST, "100.80.4.1", "100.80.4.3")) {
            machine.inFence("nft add element inet agentfence resolved '{ "
                    + Names.agentInterface(agent.id()) + " . " + closed + " . tcp . " + PORT + " timeout 1m : " + mark
                    + " }'");
            assertThat(agent.tcp(closed, PORT)).as(closed).contains("No route to host");
        }
        machine.inFence("nft add element inet agentfence resolved '{ "
                + Names.agentInterface(agent.id()) + " . " + DENIED + " . tcp . " + PORT + " timeout 1m : " + mark
                + " }'");
        assertThat(agent.tcp(DENIED, PORT)).as("the test can fail").isEqualTo("ok");
        assertThat(fence.repair().repaired()).containsExactly("5 addresses were opened that no name resolved to");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
    }

    @Test
    void nothingOfItSurvivesTheAgent() throws Exception {
        String before = machine.inFence("nft list ruleset").replaceAll("packets \\d+ bytes \\d+", "");
        fence.detach(agent.id());
        String without = machine.inFence("nft list ruleset").replaceAll("packets \\d+ bytes \\d+", "");
        fence.attach(agent.id(), agent.network(), "named");
        open(ALLOWED, LONG);
        open(DENIED, Duration.ofMillis(1));
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        assertThat(machine.inFence("nft list ruleset")).isNotEqualTo(before);
        fence.detach(agent.id());
        assertThat(machine.inFence("nft list ruleset").replaceAll("packets \\d+ bytes \\d+", ""))
                .isEqualTo(without);
        assertThat(tracked()).doesNotContain(ALLOWED);
        fence.attach(agent.id(), agent.network(), "named");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void anAgentThatIsBoundToAnotherGroupAndBack() throws SandboxException {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.request("open_flow", "idle", ALLOWED, PORT)).isEqualTo("ok");
        fence.attach(agent.id(), agent.network(), "other");
        assertThat(resolved()).doesNotContain(ALLOWED);
        assertThat(tracked()).doesNotContain(ALLOWED);
        assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        fence.attach(agent.id(), agent.network(), "named");
        assertThat(agent.request("send_flow", "idle")).contains("reset by peer");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void aGroupThatIsWithdrawn() throws SandboxException {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        apply();
        assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
        assertThat(resolved()).doesNotContain(ALLOWED);
        assertThatExceptionOfType(SandboxException.class).isThrownBy(() -> open(ALLOWED, LONG));
    }

    @Test
    void oneAgentCantFillTheMap() throws SandboxException {
        List<ResolvedDestination> many = new ArrayList<>();
        for (int i = 0; i < ResolvedAddresses.MOST_OF_AN_AGENT; i++) {
            many.add(new ResolvedDestination("198.18." + i / 256 + "." + i % 256, Protocol.TCP, PORT, LONG));
        }
        open(agent.id(), many);
        open(agent.id(), many);
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> open(ALLOWED, LONG))
                .withMessageContaining("4096 resolved addresses open")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.TRANSIENT));
        open(other.id(), List.of(new ResolvedDestination(ALLOWED, Protocol.TCP, PORT, LONG)));
        assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
        fence.detach(agent.id());
        assertThat(resolved()).doesNotContain("198.18.");
    }

    /** Before Linux 6.3 only what is there can be deleted. */
    @Test
    void onAnOlderKernelTheSame() throws SandboxException {
        fence.close();
        fence = new LinuxFence(machine.settings(), new OlderSystem(), Duration.ZERO);
        fence.open(Machine.fenceSettings());
        apply(NAMED);
        open(ALLOWED, Duration.ofMillis(100));
        open(ALLOWED, LONG);
        open(DENIED, Duration.ofMillis(100));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(agent.tcp(DENIED, PORT)).contains("No route to host"));
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        open(DENIED, Duration.ofSeconds(2));
        assertThat(agent.tcp(DENIED, PORT)).isEqualTo("ok");
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(agent.tcp(DENIED, PORT)).contains("No route to host"));
        apply(Groups.named("named"));
        assertThat(resolved()).doesNotContain("elements");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void theNameServerIsReachedAtItsPortAndNothingElseIs() throws Exception {
        try (NameServerSockets sockets = fence.nameServerSockets()) {
            assertThatExceptionOfType(SandboxException.class)
                    .isThrownBy(fence::nameServerSockets)
                    .withMessageContaining("169.254.1.1:53")
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.TRANSIENT));
            machine.nameServer(sockets);
            assertThat(agent.tcp(NAME_SERVER, 53)).isEqualTo("ok");
            assertThat(agent.udp(NAME_SERVER, 53)).isEqualTo("ok");
            assertThat(other.udp(NAME_SERVER, 53)).isEqualTo("ok");
            assertThat(agent.request("datagram", NAME_SERVER, 53, 5000)).isEqualTo("ok");
            long before = fence.deniedPackets(agent.id());
            for (int port : List.of(PORT, 54, 853)) {
                assertThat(agent.tcp(NAME_SERVER, port)).contains("No route to host");
                assertThat(agent.udp(NAME_SERVER, port)).contains("No route to host");
            }
            assertThat(agent.request("ping", NAME_SERVER)).isNotEqualTo("ok");
            for (String local : List.of("100.80.4.1", "169.254.1.2", Machine.HOST, "127.0.0.1", ALLOWED)) {
                assertThat(agent.udp(local, 53)).as(local).isNotEqualTo("ok");
                assertThat(agent.tcp(local, 53)).as(local).isNotEqualTo("ok");
            }
            for (int protocol : List.of(132, 47, 4)) {
                agent.request("raw", address, NAME_SERVER, protocol, "10001035000000000000000000000000");
            }
            agent.request("raw_udp", "100.80.4.77", NAME_SERVER, 53);
            agent.request("raw_udp", address, NAME_SERVER, 53, 0, "01010101");
            assertThat(fence.deniedPackets(agent.id())).isGreaterThan(before + 12);
            // Not from outside either.
            machine.onHost("ip route add 169.254.1.1/32 via 100.80.4.1 dev "
                    + machine.settings().hostInterface() + " onlink");
            machine.onHost("timeout 1 bash -c '</dev/tcp/169.254.1.1/53' && exit 1; true");
        }
    }

    /** Beside its own limits: what the kernel lets come to it. */
    @Test
    void questionsAreLimitedForEachAgent() throws Exception {
        try (NameServerSockets sockets = fence.nameServerSockets()) {
            Process server = machine.nameServer(sockets);
            agent.request("flood", NAME_SERVER, 53, 5000);
            assertThat(other.udp(NAME_SERVER, 53)).isEqualTo("ok");
            // What comes faster than the test's server reads is lost in its socket: fewer on a busy machine.
            assertThat(Integer.parseInt(ask(server, "count"))).isBetween(100, 2500);
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(agent.udp(NAME_SERVER, 53)).isEqualTo("ok"));
        }
    }

    /** A name server that was broken into has the sockets, and they are of no use to reach anything. */
    @Test
    void theNameServersSocketsReachNobody() throws Exception {
        open(ALLOWED, LONG);
        try (NameServerSockets sockets = fence.nameServerSockets();
                Capture outside = machine.captureAtUplink("ip");
                Capture atAgent = agent.capture("src " + NAME_SERVER)) {
            Process server = machine.nameServer(sockets);
            for (String target : List.of(ALLOWED, DENIED, Machine.HOST, METADATA, address, "100.80.4.1")) {
                ask(server, "send " + target + " " + PORT);
                ask(server, "send " + target + " 53");
            }
            assertThat(ask(server, "connect " + ALLOWED + " " + PORT)).isNotEqualTo("connected");
            assertThat(ask(server, "connect " + address + " " + PORT)).isNotEqualTo("connected");
            assertThat(ask(server, "connect_asked " + ALLOWED + " " + PORT)).isNotEqualTo("connected");
            assertThat(ask(server, "connect_asked " + address + " " + PORT)).isNotEqualTo("connected");
            assertThat(agent.udp(NAME_SERVER, 53)).isEqualTo("ok");
            assertThat(outside.packets()).isEmpty();
            atAgent.awaitPacket();
            assertThat(atAgent.packets()).allMatch(packet -> packet.contains(NAME_SERVER + ".53 > " + address));
            atAgent.awaitPacket();
            assertThat(atAgent.packets()).hasSize(1);
        }
    }

    /** Nor is the socket that may have any address, though it pose as what the agent is connected to. */
    @Test
    void theSocketOfInterceptedConnectionsReachesNobody() throws Exception {
        open(ALLOWED, LONG);
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        try (NameServerSockets sockets = fence.nameServerSockets();
                Capture outside = machine.captureAtUplink("ip");
                Capture atAgent = agent.capture("tcp[tcpflags] & tcp-syn != 0")) {
            Process server = machine.nameServer(sockets);
            for (String target : List.of(ALLOWED, address, Machine.HOST, METADATA)) {
                for (String source : List.of(ALLOWED, NAME_SERVER, address, Machine.HOST)) {
                    assertThat(ask(server, "pose " + source + " " + PORT + " " + target + " " + PORT))
                            .as("as %s to %s", source, target)
                            .isNotEqualTo("connected");
                }
            }
            assertThat(outside.packets()).isEmpty();
            assertThat(atAgent.packets()).isEmpty();
        }
    }

    @Test
    void withoutANameServerQuestionsFailAtOnce() {
        assertThat(agent.udp(NAME_SERVER, 53)).contains("Connection refused");
        assertThat(agent.tcp(NAME_SERVER, 53)).contains("Connection refused");
    }

    private static String ask(Process server, String line) throws IOException {
        server.outputWriter().write(line + "\n");
        server.outputWriter().flush();
        return String.valueOf(server.inputReader().readLine());
    }
}
