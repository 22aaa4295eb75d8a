package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.audit.AuditSettings;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditedFence;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.names.LinuxProxyPrograms;
import dev.agentcontainers.nodeagent.linux.names.LoopbackResolver;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.protocol.names.NameLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** From an agent's resolv.conf to its connection: the C library asks, behind the real fence and the real proxy. */
@Tag("node")
class ResolvedLifeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private Path folder;
    private Machine machine;
    private LinuxFence fence;
    private Sandboxes sandboxes;
    private LoopbackResolver resolver;
    private LinuxProxyPrograms programs;
    private AuditTrail trail;
    private AuditedFence audited;
    private NamesFence names;
    private EgressProxyKeeper keeper;

    @BeforeEach
    void makeEverything() throws Exception {
        assumeTrue(Program.find("setpriv").isPresent(), "needs setpriv");
        machine = Machine.create();
        sandboxes = Sandboxes.make();
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        resolver = new LoopbackResolver(
                Map.of("www.example.org", List.of(PUBLIC), "intern.example.org", List.of(ALLOWED)));
        folder = Files.createTempDirectory("agentcontainers-resolved");
        programs = new LinuxProxyPrograms(
                folder.resolve("run"),
                folder.resolve("state"),
                Path.of("/run/netns", machine.settings().name()),
                new SandboxCgroups(
                        TestRights.hierarchies(),
                        "/agentproxy-test-" + UUID.randomUUID().toString().substring(0, 8),
                        ProcessCalls.ofThisMachine(),
                        DescriptorCalls.ofThisMachine()),
                new IdRange(200_000_000, 65_536));
        trail = AuditTrail.inFolder(folder.resolve("audit"), AuditSettings.DEFAULT, "n1", "test", Clock.systemUTC());
        audited =
                new AuditedFence(fence, trail, id -> Optional.of(new AuditSubject.Agent("team", "coder", id.value())));
        names = new NamesFence(audited);
        names.open(Machine.fenceSettings());
        names.apply(List.of(Groups.named(
                "named",
                Groups.name("www.example.org", Protocol.TCP, PORT),
                Groups.name("intern.example.org", Protocol.TCP, PORT))));
        keeper = new EgressProxyKeeper(
                        names, programs, new NameSettings(Optional.of(resolver.address()), NameLimits.DEFAULT), audited)
                .start();
    }

    @AfterEach
    void removeEverything() throws Exception {
        if (sandboxes != null) {
            sandboxes.close();
        }
        if (keeper != null) {
            keeper.close();
            fence.destroy();
            trail.close();
            programs.forget();
            DeepDeletion.delete(folder);
            resolver.close();
        }
        if (machine != null) {
            machine.close();
        }
    }

    private DrivenAgent start() throws Exception {
        DrivenAgent agent = sandboxes.create(Profile.SHIPPED);
        names.attach(agent.id(), agent.network(), "named");
        agent.start();
        return agent;
    }

    private static String resolve(DrivenAgent agent, String name) {
        return output(
                agent, "python3 -c \"import socket; print(socket.gethostbyname('" + name + "'))\" 2>&1 | tail -1");
    }

    /** Without the exit code before it. */
    private static String output(DrivenAgent agent, String command) {
        return agent.shell(command).replaceFirst("^[0-9]+ ", "").strip();
    }

    @Test
    void aNameIsOpenForWhoHasResolvedItAtItsPortsAndNothingElseIs() throws Exception {
        DrivenAgent agent = start();
        DrivenAgent other = start();
        assertThat(output(agent, "cat /etc/resolv.conf")).isEqualTo("nameserver 169.254.1.1");
        assertThat(agent.tcp(PUBLIC, PORT)).as("before it is resolved").isNotEqualTo("ok");

        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").equals(PUBLIC));

        assertThat(agent.tcp(PUBLIC, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(PUBLIC, OTHER_PORT)).as("another port").isNotEqualTo("ok");
        assertThat(agent.udp(PUBLIC, PORT)).as("another protocol").isNotEqualTo("ok");
        assertThat(other.tcp(PUBLIC, PORT)).as("who has not resolved it").isNotEqualTo("ok");
        assertThat(resolve(other, "www.example.org")).isEqualTo(PUBLIC);
        assertThat(other.tcp(PUBLIC, PORT)).isEqualTo("ok");

        assertThat(resolve(agent, "intern.example.org")).as("a private address").contains("gaierror");
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
        assertThat(resolve(agent, "data.attacker.test")).contains("gaierror");
        assertThat(resolver.asked()).containsOnly("www.example.org", "intern.example.org");
    }

    @Test
    void theProxyIsHeldToItsResolverByItsUser() throws Exception {
        DrivenAgent agent = start();
        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").equals(PUBLIC));
        long user = AddressPlan.of(Machine.fenceSettings()).proxyUser();
        String[] parts = resolver.address().split(":");

        assertThat(machine.onHost("nft list table inet " + machine.settings().proxyTable()))
                .contains("meta skuid " + user + " goto sent")
                .contains("ip daddr " + parts[0] + " meta l4proto { tcp, udp } th dport " + parts[1] + " accept");
        // That of the test before may wait for the machine's first process to take its end.
        await().atMost(PATIENCE)
                .until(() -> ProcessHandle.allProcesses()
                                .filter(process -> isOf(user, process))
                                .count()
                        == 1);
    }

    private static boolean isOf(long user, ProcessHandle process) {
        try {
            return Files.getAttribute(Path.of("/proc", Long.toString(process.pid())), "unix:uid")
                    .equals((int) user);
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void deathOfTheProxyOpensNothingAndCutsNothing() throws Exception {
        DrivenAgent agent = start();
        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").equals(PUBLIC));
        assertThat(agent.request("open_flow", "flow", PUBLIC, PORT)).isEqualTo("ok");

        programs.kill();

        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").equals(PUBLIC));
    }

    @Test
    void aNameThatIsTakenBackIsNoLongerResolvedAndItsConnectionsEnd() throws Exception {
        DrivenAgent agent = start();
        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").equals(PUBLIC));
        assertThat(agent.request("open_flow", "flow", PUBLIC, PORT)).isEqualTo("ok");

        names.apply(List.of(Groups.group("named")));

        assertThat(agent.request("send_flow", "flow")).isNotEqualTo("ok");
        assertThat(agent.tcp(PUBLIC, PORT)).isNotEqualTo("ok");
        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").contains("gaierror"));
    }

    /** Who asked for what, what came of it, and where the connection went by which rule, with its bytes. */
    @Test
    void allOfItIsRecorded() throws Exception {
        DrivenAgent agent = start();
        await().atMost(PATIENCE).until(() -> resolve(agent, "www.example.org").equals(PUBLIC));
        assertThat(resolve(agent, "data.attacker.test")).contains("gaierror");
        assertThat(agent.tcp(PUBLIC, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");

        JsonNode resolved = awaitRecord("class_uid", 4003, "action_id", 1);
        assertThat(resolved.at("/query/hostname").asText()).isEqualTo("www.example.org");
        assertThat(resolved.at("/src_endpoint/name").asText()).isEqualTo("team/coder");
        assertThat(resolved.at("/src_endpoint/uid").asText())
                .isEqualTo(agent.id().value());
        assertThat(resolved.at("/answers/0/rdata").asText()).isEqualTo(PUBLIC);
        JsonNode refused = awaitRecord("class_uid", 4003, "action_id", 2);
        assertThat(refused.at("/query/hostname").asText()).isEqualTo("data.attacker.test");
        JsonNode opened = awaitRecord("class_uid", 4001, "activity_id", 1);
        assertThat(opened.at("/dst_endpoint/ip").asText()).isEqualTo(PUBLIC);
        assertThat(opened.at("/dst_endpoint/hostname").asText()).isEqualTo("www.example.org");
        assertThat(opened.at("/firewall_rule/name").asText()).isEqualTo("egress www.example.org TCP 8080");
        assertThat(opened.at("/policy/name").asText()).isEqualTo("named");
        JsonNode closed = awaitRecord("class_uid", 4001, "activity_id", 2);
        assertThat(closed.at("/connection_info/uid")).isEqualTo(opened.at("/connection_info/uid"));
        assertThat(closed.at("/dst_endpoint/hostname").asText()).isEqualTo("www.example.org");
        assertThat(closed.at("/traffic/bytes_out").asLong()).isPositive();
        JsonNode denied = awaitRecord("class_uid", 4001, "activity_id", 5);
        assertThat(denied.at("/dst_endpoint/ip").asText()).isEqualTo(ALLOWED);
        assertThat(denied.at("/firewall_rule/name").asText()).isEqualTo("egress");
    }

    private JsonNode awaitRecord(String field, int value, String otherField, int otherValue) {
        await().atMost(PATIENCE)
                .until(() -> record(field, value, otherField, otherValue).isPresent());
        return record(field, value, otherField, otherValue).orElseThrow();
    }

    private Optional<JsonNode> record(String field, int value, String otherField, int otherValue) {
        try {
            ObjectMapper json = new ObjectMapper();
            for (String line : Files.readAllLines(folder.resolve("audit/egress.jsonl"))) {
                JsonNode event = json.readTree(line);
                if (event.path(field).asInt() == value && event.path(otherField).asInt() == otherValue) {
                    return Optional.of(event);
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
