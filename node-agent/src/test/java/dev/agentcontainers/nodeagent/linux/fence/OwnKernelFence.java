package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.METADATA;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.MacAddress;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The fence around an agent whose network is a kernel's of its own: every attack by the agent itself, and what that kernel could
 * send if it were taken over, which has a packet socket of the agent's interface.
 */
@Tag("node")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OwnKernelFence {
    private static final GroupRuleset EMPTIED = Groups.group("narrow");

    private Path directory;
    private OciDriver driver;
    private Machine machine;
    private LinuxFence fence;
    private DriverAgent agent;
    private String address;

    /** The one that is tested, skipping what can't be tested here. */
    abstract OciDriver driver(OciSettings settings);

    /**
     * Looks at an attack that did not come through.
     *
     * @param own packets of it that were sent at the agent's interface
     * @param counted whether the fence has counted packets as denied since
     */
    abstract void assertStopped(Attack attack, String answer, List<String> own, boolean counted);

    DriverAgent agent() {
        return agent;
    }

    @BeforeAll
    void startAgent() throws IOException, SandboxException {
        machine = Machine.create();
        directory = Files.createTempDirectory("agentcontainers-kernel");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        driver = driver(TestRights.limit(OciSettings.of(
                directory.resolve("state"),
                directory.resolve("run"),
                "/agentcontainers-kernel-" + UUID.randomUUID().toString().substring(0, 8),
                new IdRange(320_000_000, 64 * IdRange.PER_SANDBOX),
                0)));
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        agent = new DriverAgent(driver, "true");
        address = fence.attach(agent.id(), agent.network(), "narrow").address();
        agent.start();
    }

    @BeforeEach
    void applyRules() throws SandboxException {
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        bind("narrow");
    }

    @AfterAll
    void removeEverything() throws Exception {
        if (driver != null) {
            for (SandboxId id : driver.list()) {
                driver.purge(id);
            }
            driver.forget();
        }
        if (fence != null) {
            fence.destroy();
        }
        if (machine != null) {
            machine.close();
        }
        if (directory != null) {
            DeepDeletion.delete(directory);
        }
    }

    static Stream<Attack> attacks() {
        return Attack.all().stream();
    }

    @Test
    void whatIsAllowedPasses() throws Exception {
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        bind("wide");
        assertThat(agent.udp(ALLOWED, PORT)).isEqualTo("ok");
    }

    /** Its network stack is on the agent's side of the interface at which rates are measured. */
    @Test
    void ratesHoldForWhatItsKernelSends() throws Exception {
        long rate = 1 << 20;
        machine.meter(ALLOWED, 9090, 9091);
        fence.attach(
                agent.id(),
                agent.network(),
                "wide",
                new NetworkRates(OptionalLong.of(rate), OptionalLong.of(rate / 2)));
        long before = machine.arrived();
        assertThat(agent.request("pour", ALLOWED, 9090, 4, 2, 1)).isEqualTo("poured");
        assertThat(machine.arrived() - before).isBetween(rate, 6 * rate + AgentRates.BURST);
        bind("wide");
        before = machine.arrived();
        assertThat(agent.request("pour", ALLOWED, 9090, 4, 2, 1)).isEqualTo("poured");
        assertThat(machine.arrived() - before).as("without a rate").isGreaterThan(12 * rate);
    }

    /** Where the agent's kernel lets a packet come to be it is sent at the interface, counted and dropped by the rules. */
    @ParameterizedTest
    @MethodSource("attacks")
    void isStopped(Attack attack) throws Exception {
        bind(attack.wide() ? "wide" : "narrow");
        long before = denied();
        try (Capture sent = agent.capture(attack.sent());
                Capture escaped = machine.captureAtUplink(attack.sent());
                Capture arriving = machine.captureAtServers(attack.sent())) {
            String answer = agent.request(request(attack));
            awaitThatEarlierPacketsHaveHadTheirTime();
            assertThat(answer).isNotEqualTo("ok");
            assertThat(Stream.concat(escaped.packets().stream(), arriving.packets().stream()))
                    .filteredOn(packet -> !isMarker(packet))
                    .isEmpty();
            List<String> own =
                    sent.packets().stream().filter(packet -> !isMarker(packet)).toList();
            assertStopped(attack, answer, own, denied() > before);
        }
    }

    /** What must come to be as a packet, or this suite would show nothing. */
    @Test
    void theRulesAndNotItsKernelStopTheseAttacks() throws Exception {
        bind("wide");
        for (String host : List.of(METADATA, HOST, "100.80.4.1", "203.0.113.5")) {
            long before = denied();
            assertThat(agent.tcp(host, PORT)).isNotEqualTo("ok");
            assertThat(denied()).as(host).isGreaterThan(before);
        }
        bind("narrow");
        for (Object[] request :
                List.of(new Object[] {"tcp", DENIED, PORT}, new Object[] {"tcp", ALLOWED, OTHER_PORT}, new Object[] {
                    "unconnected", "8.8.8.8", 53
                })) {
            long before = denied();
            assertThat(agent.request(request)).isNotEqualTo("ok");
            awaitThatEarlierPacketsHaveHadTheirTime();
            assertThat(denied()).as(Arrays.toString(request)).isGreaterThan(before);
        }
    }

    @Test
    void beforeTheFenceIsUpThereIsNoInterface() throws Exception {
        try (DriverAgent created = new DriverAgent(driver, "true")) {
            assertThat(inNetworkOf(created, "ip -o link | wc -l")).startsWith("1");
            assertThat(inNetworkOf(created, "timeout 2 bash -c '</dev/tcp/" + ALLOWED + "/8080' 2>&1 || true"))
                    .contains("Network is unreachable");
        }
    }

    /** Addresses and routes are read at its start, after the rules and the interface are there. */
    @Test
    void noPacketOfTheFirstInstructionsSlipsThrough() throws Exception {
        String flood = "end=$((SECONDS+2)); while [ $SECONDS -lt $end ]; do echo x >/dev/udp/" + DENIED + "/8080;"
                + " echo x >/dev/udp/" + ALLOWED + "/8081; done 2>/dev/null";
        try (DriverAgent early = new DriverAgent(driver, flood + " &");
                Capture escaped = machine.captureAtUplink("host " + DENIED + " or udp");
                Capture arriving = machine.captureAtServers("host " + DENIED + " or udp")) {
            fence.attach(early.id(), early.network(), "narrow");
            early.start();
            assertThat(early.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(early.shell("wait; sleep 2")).startsWith("0");
            assertThat(denied(early)).isGreaterThan(10);
            assertThat(escaped.packets()).isEmpty();
            assertThat(arriving.packets()).isEmpty();
            fence.detach(early.id());
        }
    }

    /** There is no socket of the host's kernel that could be destroyed: the next packet is answered by a reset. */
    @Test
    void aRuleThatIsTakenBackCutsWhatIsOpen() throws Exception {
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        fence.apply(List.of(EMPTIED));
        try (Capture escaped = machine.captureAtUplink("tcp")) {
            assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
            assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
            assertThat(escaped.packets()).isEmpty();
        }
    }

    @Test
    void rulesThatChangeUnderTrafficNeitherLeakNorCut() throws Exception {
        try (Capture escaped = machine.captureAtUplink("host " + DENIED + " or udp port 8080");
                Capture arriving = machine.captureAtServers("host " + DENIED + " or udp port 8080")) {
            agent.send("hammer", ALLOWED, DENIED, PORT, 4);
            for (int swap = 1; swap <= 30; swap++) {
                GroupRuleset variant = Groups.narrowWithNoise(swap);
                assertThat(fence.apply(List.of(variant, Groups.WIDE))).containsEntry("narrow", variant.hash());
            }
            JsonNode result = new ObjectMapper().readTree(agent.answer());
            assertThat(result.get("failed").asInt()).as(result.toString()).isZero();
            assertThat(result.get("leaked").asInt()).isZero();
            assertThat(result.get("allowed").asInt()).isGreaterThan(20);
            assertThat(escaped.packets()).isEmpty();
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void otherAgentsAreNotReached() throws Exception {
        bind("wide");
        try (DriverAgent other = new DriverAgent(driver, "true")) {
            String others = fence.attach(other.id(), other.network(), "wide").address();
            other.start();
            try (Capture arriving = other.capture("ip")) {
                assertThat(agent.tcp(others, PORT)).isNotEqualTo("ok");
                assertThat(agent.udp(others, PORT)).isNotEqualTo("ok");
                assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(arriving.packets()).noneMatch(packet -> packet.contains(" > " + others + ".8080"));
            }
            fence.detach(other.id());
        }
    }

    /** What its kernel could send if it were taken over: frames by root of the machine's own at the agent's interface. */
    @Test
    void framesOfAKernelThatWasTakenOverAreStopped() throws Exception {
        bind("wide");
        for (String source : List.of("100.80.4.200", "100.80.4.1", HOST, "8.8.8.8")) {
            assertFrameIsStopped(source, ALLOWED);
        }
        for (String destination : List.of(METADATA, HOST, "203.0.113.5", "100.80.4.1")) {
            assertFrameIsStopped(address, destination);
        }
        bind("narrow");
        assertFrameIsStopped(address, DENIED);
    }

    private void assertFrameIsStopped(String source, String destination) throws Exception {
        String filter = "udp port 8080";
        long before = denied();
        try (Capture sent = agent.capture(filter);
                Capture escaped = machine.captureAtUplink(filter);
                Capture arriving = machine.captureAtServers(filter)) {
            String request = "[\"ip_packet\", \"" + source + "\", \"" + destination + "\", 8080]";
            String packet = new ObjectMapper().readValue(asRoot(request), String.class);
            String neighbour = HexFormat.of()
                    .formatHex(MacAddress.derived(3, Ipv4.parse(address)).bytes());
            assertThat(asRoot("[\"frame_to\", \"" + neighbour + "\", \"" + packet + "\", 2048]"))
                    .contains("sent");
            sent.awaitPacket();
            awaitThatEarlierPacketsHaveHadTheirTime();
            assertThat(denied()).as(source + " to " + destination).isGreaterThan(before);
            assertThat(escaped.packets()).isEmpty();
            assertThat(arriving.packets()).isEmpty();
        }
    }

    private String asRoot(String request) throws IOException {
        Path program = directory.resolve("agent.py");
        if (!Files.exists(program)) {
            try (var content = Optional.ofNullable(DriverAgent.class.getResourceAsStream("agent.py"))
                    .orElseThrow()) {
                Files.copy(content, program);
            }
        }
        return inNetworkOf(agent, "echo '" + request + "' | python3 " + program).strip();
    }

    private void awaitThatEarlierPacketsHaveHadTheirTime() throws IOException {
        try (Capture marker = machine.captureAtServers("tcp port 8080 and host " + ALLOWED)) {
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            marker.awaitPacket();
        }
    }

    private static boolean isMarker(String packet) {
        return packet.contains(ALLOWED + ".8080: Flags") || packet.contains("IP " + ALLOWED + ".8080 > ");
    }

    private Object[] request(Attack attack) {
        return Arrays.stream(attack.request())
                .map(part -> part.equals(Attack.OWN) ? address : part)
                .toArray();
    }

    private void bind(String group) throws SandboxException {
        fence.attach(agent.id(), agent.network(), group);
    }

    private long denied() throws SandboxException {
        return denied(agent);
    }

    private long denied(DriverAgent which) throws SandboxException {
        return Optional.ofNullable(fence.attachments().get(which.id()))
                .orElseThrow()
                .deniedPackets();
    }

    private static String inNetworkOf(DriverAgent agent, String script) {
        return Machine.run("nsenter", "--net=/proc/" + agent.network().pid() + "/ns/net", "bash", "-c", script);
    }
}
