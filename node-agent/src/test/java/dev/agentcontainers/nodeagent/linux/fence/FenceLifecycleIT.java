package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Before, during and after: changes of rules, death of the node agent, flushes, and what is left in the end. */
@Tag("node")
class FenceLifecycleIT {
    private static final GroupRuleset EMPTIED = Groups.group("narrow");

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        agent = machine.agent();
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            if (agent != null) {
                agent.close();
            }
            fence.destroy();
            machine.close();
        }
    }

    @Test
    void nothingLeavesBeforeAttach() throws SandboxException {
        fence.apply(List.of(Groups.WIDE));

        assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("Network is unreachable");
    }

    @Test
    void interfaceThatTheRulesDoNotKnowIsDropped() throws Exception {
        fence.apply(List.of(Groups.WIDE));
        long pid = agent.process().pid();
        machine.inFence("ip link add acrogue type veth peer name eth0 netns " + pid
                + "; ip link set acrogue up; ip route add 100.80.4.9/32 dev acrogue");
        assertThat(agent.shell("ip addr add 100.80.4.9/32 dev eth0; ip link set eth0 up;"
                        + " ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1;"
                        + " ip neigh replace 169.254.1.1 dev eth0 nud permanent lladdr "
                        + machine.inFence("cat /sys/class/net/acrogue/address").strip()))
                .startsWith("0");
        try (Capture sent = agent.capture("host " + ALLOWED);
                Capture arriving = machine.captureAtServers("ip")) {
            assertThat(agent.tcp(ALLOWED, PORT)).contains("timed out");
            sent.awaitPacket();
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void attachToAGroupThatIsNotAppliedIsRefused() throws SandboxException {
        fence.apply(List.of(Groups.WIDE));
        String before = machine.inFence("nft list ruleset; ip addr");

        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.attach(agent.id(), agent.network(), "narrow"))
                .withMessageContaining("'narrow' is not applied")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.TRANSIENT))
                .satisfies(e -> assertThat(e.step()).isEqualTo(Step.FENCE));
        assertThat(machine.inFence("nft list ruleset; ip addr")).isEqualTo(before);
        assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
    }

    @Test
    void processWithoutANamespaceOfItsOwnIsRefused() throws SandboxException {
        fence.apply(List.of(Groups.WIDE));
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.attach(agent.id(), new NetworkAttachment(machine.hostProcess()), "wide"))
                .withMessageContaining("no network namespace of its own");
    }

    @Test
    void appliedHashIsThatOfWhatTheKernelHolds() throws SandboxException {
        Map<String, String> hashes = fence.apply(List.of(Groups.NARROW, Groups.WIDE, Groups.EMPTY));

        assertThat(hashes)
                .containsOnly(
                        Map.entry("narrow", Groups.NARROW.hash()),
                        Map.entry("wide", Groups.WIDE.hash()),
                        Map.entry("empty", Groups.EMPTY.hash()));
        Attachment attachment = fence.attach(agent.id(), agent.network(), "empty");
        assertThat(attachment.hash()).isEqualTo(Groups.EMPTY.hash());
        assertThat(fence.attachments()).containsOnly(Map.entry(agent.id(), attachment));
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void elementThatSomeoneAddsShowsInTheHash() throws SandboxException {
        fence.apply(List.of(Groups.NARROW));
        machine.inFence("set=$(nft list sets | grep -o 'a4_narrow_[0-9]*');"
                + " nft add element inet agentfence $set '{ 10.66.0.0/16 . udp . 53 }'");
        fence.close();
        fence.open(Machine.fenceSettings());

        Attachment attachment = fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(attachment.hash()).isNotEqualTo(Groups.NARROW.hash());
        // And the next application puts it right.
        assertThat(fence.apply(List.of(Groups.NARROW))).containsEntry("narrow", Groups.NARROW.hash());
    }

    @Test
    void ipv6BoxesAreHeldAndReadBack() throws SandboxException {
        GroupRuleset both = Groups.group(
                "both",
                Groups.allow("10.20.0.0/24", Protocol.TCP, 1, 65535),
                Groups.allow("fd00:0:0:0:0:0:0:0/64", Protocol.UDP, 53, 53));
        assertThat(fence.apply(List.of(both))).containsEntry("both", both.hash());
    }

    @Test
    void fiftySwapsUnderTraffic() throws Exception {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        try (Capture leaks = machine.captureAtServers("host " + DENIED + " or udp port 8080")) {
            agent.send("hammer", ALLOWED, DENIED, PORT, 6);
            for (int swap = 0; swap < 50; swap++) {
                GroupRuleset variant = Groups.narrowWithNoise(swap % 250 + 1);
                assertThat(fence.apply(List.of(variant, Groups.EMPTY))).containsEntry("narrow", variant.hash());
            }
            JsonNode result = new ObjectMapper().readTree(agent.answer());
            assertThat(result.get("failed").asInt()).as(result.toString()).isZero();
            assertThat(result.get("leaked").asInt()).isZero();
            assertThat(result.get("allowed").asInt()).isGreaterThan(50);
            assertThat(result.get("denied").asInt()).isGreaterThan(50);
            assertThat(leaks.packets()).isEmpty();
        }
        assertThat(machine.inFence("nft list sets").lines().filter(line -> line.contains("a4_")))
                .hasSize(2);
    }

    @Test
    void revokedRuleCutsALiveFlowAtItsNextPacket() throws Exception {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");

        fence.apply(List.of(EMPTIED));
        try (Capture arriving = machine.captureAtServers("src " + HOST)) {
            assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void groupThatVanishesAllowsNothing() throws SandboxException {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");

        assertThat(fence.apply(List.of())).isEmpty();

        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        assertThat(fence.attachments().values())
                .singleElement()
                .satisfies(attachment -> assertThat(attachment.hash()).isEqualTo(RulesetHash.of(List.of())));
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.attach(agent.id(), agent.network(), "narrow"));
        fence.apply(List.of(Groups.NARROW));
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        fence.detach(agent.id());
        fence.apply(List.of());
        assertThat(machine.inFence("nft list ruleset")).doesNotContain("narrow");
    }

    @Test
    void liveAgentChangesItsGroup() throws SandboxException {
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        Attachment narrow = fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");

        Attachment wide = fence.attach(agent.id(), agent.network(), "wide");
        assertThat(wide.address()).isEqualTo(narrow.address());
        assertThat(wide.deniedPackets()).isPositive();
        assertThat(agent.tcp(DENIED, PORT)).isEqualTo("ok");

        assertThat(fence.attach(agent.id(), agent.network(), "narrow").hash()).isEqualTo(Groups.NARROW.hash());
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void sandboxThatStartsAgainGetsANewAttachment() throws Exception {
        fence.apply(List.of(Groups.NARROW));
        Attachment first = fence.attach(agent.id(), agent.network(), "narrow");
        try (HostileAgent second = machine.agent()) {
            Attachment again = fence.attach(agent.id(), second.network(), "narrow");
            assertThat(again.address()).isNotEqualTo(first.address());
            assertThat(second.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
            assertThat(fence.attachments()).containsOnlyKeys(agent.id());
        }
    }

    @Test
    void enforcedAndAdoptedAfterTheNodeAgentIsKilled() throws Exception {
        fence.destroy();
        Process nodeAgent = FenceProcess.start(machine, agent);
        String address = nodeAgent.inputReader().readLine();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        nodeAgent.destroyForcibly().waitFor();

        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");

        fence.open(Machine.fenceSettings());
        assertThat(fence.attachments()).containsOnlyKeys(agent.id());
        Attachment adopted = fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(adopted.address()).isEqualTo(address);
        assertThat(adopted.hash()).isEqualTo(Groups.NARROW.hash());
        assertThat(adopted.deniedPackets()).isPositive();
        assertThat(agent.request("send_flow", "flow"))
                .as("flow over the adoption")
                .isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        try (HostileAgent other = machine.agent()) {
            assertThat(fence.attach(other.id(), other.network(), "narrow").address())
                    .isNotEqualTo(address);
        }
    }

    /** Which would have every packet looked up for it. */
    @Test
    void translationThatAnEarlierVersionMadeIsTakenAway() throws SandboxException {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        fence.close();
        machine.inFence("nft add chain inet agentfence postrouting { type nat hook postrouting priority 100\\; };"
                + " nft add rule inet agentfence postrouting oifname uplink snat ip to 100.80.4.1");

        fence.open(Machine.fenceSettings());

        assertThat(machine.inFence("nft list chains")).doesNotContain("postrouting");
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void flushOfTheHostsTablesOpensNothingAndIsRepaired() throws Exception {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");

        machine.onHost("nft flush ruleset");
        try (Capture arriving = machine.captureAtServers("host " + DENIED)) {
            assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
            assertThat(agent.tcp(HOST, PORT)).contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
        machine.onHost("ip route flush 100.80.4.0/24; sysctl -qw net.ipv4.conf.up0.forwarding=0");
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");

        fence.repair();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
    }

    @Test
    void uplinkThatSomeoneDeletedIsMadeAgain() throws Exception {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        machine.onHost("ip link del " + machine.settings().hostInterface());
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");

        fence.repair();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void nothingIsLeft() throws Exception {
        fence.destroy();
        assertThat(Files.exists(Path.of("/run/netns", machine.settings().name())))
                .isFalse();
        String host = hostState();
        assertThat(machine.onHost("cat /proc/sys/net/ipv4/ip_forward")).startsWith("0");

        fence.open(Machine.fenceSettings());
        assertThat(machine.onHost("cat /proc/sys/net/ipv4/ip_forward")).startsWith("0");
        fence.apply(List.of(Groups.NARROW));
        String fenceBefore = fenceState();
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(machine.inFence("grep -c 100.80.4. /proc/net/nf_conntrack")).startsWith("1");
        fence.detach(agent.id());
        fence.detach(agent.id());

        assertThat(fenceState()).isEqualTo(fenceBefore);
        assertThat(machine.inFence("grep -c 100.80.4. /proc/net/nf_conntrack || true"))
                .startsWith("0");
        assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
        assertThat(fence.attachments()).isEmpty();

        fence.attach(agent.id(), agent.network(), "narrow");
        fence.destroy();
        fence.destroy();
        assertThat(hostState()).isEqualTo(host);
        assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
        assertThat(Files.exists(Path.of("/run/netns", machine.settings().name())))
                .isFalse();
        assertThat(machine.onHost("cat /proc/sys/net/ipv4/conf/up0/forwarding")).startsWith("0");
        assertThat(machine.forwardingRecord()).doesNotExist();
    }

    @Test
    void addressRangeThatWouldLoseAnAgentIsRefused() throws SandboxException {
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.open(new FenceSettings("100.80.8.0/24", "100.80.0.0/12", List.of())))
                .withMessageContaining("detach all agents before changing it");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        fence.open(Machine.fenceSettings());
    }

    @Test
    void addressRangeChangesWhereNoAgentIsAttached() throws SandboxException {
        fence.open(new FenceSettings("100.80.8.0/28", "100.80.0.0/12", List.of()));
        fence.apply(List.of(Groups.NARROW));
        assertThat(fence.attach(agent.id(), agent.network(), "narrow").address())
                .isEqualTo("100.80.8.2");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(machine.onHost("ip route")).doesNotContain("100.80.4.0");
    }

    @Test
    void manyAtOnceGetDifferentAddresses() throws Exception {
        fence.apply(List.of(Groups.NARROW));
        List<HostileAgent> agents = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            agents.add(machine.agent());
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Attachment>> attaching = agents.stream()
                    .map(each -> threads.submit(() -> fence.attach(each.id(), each.network(), "narrow")))
                    .toList();
            Set<String> addresses = new HashSet<>();
            for (Future<Attachment> attachment : attaching) {
                addresses.add(attachment.get().address());
            }
            assertThat(addresses).hasSize(agents.size());
        }
        for (HostileAgent each : agents) {
            assertThat(each.tcp(ALLOWED, PORT)).isEqualTo("ok");
            each.close();
        }
    }

    @Test
    void nothingOfThisProcessHoldsTheFenceAfterwards() throws Exception {
        fence.destroy();
        long namespaces = openNamespaces();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW));
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThat(openNamespaces()).isEqualTo(namespaces + 2);
        fence.close();
        assertThat(openNamespaces()).isEqualTo(namespaces);
        // A pool counts as terminated a moment before its last thread has ended.
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("fence")));
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        fence.destroy();
        assertThat(openNamespaces()).isEqualTo(namespaces);
    }

    private static long openNamespaces() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(FenceLifecycleIT::isNamespace).count();
        }
    }

    private static boolean isNamespace(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("net:[") || target.startsWith("/run/netns/");
        } catch (IOException e) {
            return false;
        }
    }

    private String hostState() {
        return machine.onHost("nft list ruleset; ip -o link | cut -d: -f2; ip route; ip neigh show nud permanent;"
                + " cat /proc/sys/net/ipv4/ip_forward; grep . /proc/sys/net/ipv4/conf/*/forwarding");
    }

    private String fenceState() {
        return machine.inFence("nft list ruleset; ip -o link | cut -d: -f2; ip route; ip neigh");
    }
}
