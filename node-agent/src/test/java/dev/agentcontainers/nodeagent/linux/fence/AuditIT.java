package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.audit.AuditSettings;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditedFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From packets to the file, over the life of more than one node agent. */
@Tag("node")
class AuditIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int REFUSE = 5;
    private static final int UNRECORDED = 99;

    /** Denied packets are compared each ten seconds, and the count before last is what is compared. */
    private static final Duration COMPARED_TWICE = Duration.ofSeconds(40);

    @TempDir
    private Path folder;

    private Machine machine;
    private LinuxFence kernel;
    private AuditTrail trail;
    private AuditedFence fence;
    private HostileAgent agent;

    @BeforeEach
    void beginNodeAgent() throws IOException, SandboxException {
        machine = machine == null ? Machine.create() : machine;
        kernel = machine.fence();
        trail = AuditTrail.inFolder(folder, AuditSettings.DEFAULT, "n1", "test", Clock.systemUTC());
        fence = new AuditedFence(
                kernel, trail, id -> Optional.of(new AuditSubject.Agent("team", "flooder", id.value())));
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW));
        if (agent == null) {
            agent = machine.agent();
            fence.attach(agent.id(), agent.network(), "narrow");
        }
    }

    private void endNodeAgent() throws InterruptedException {
        kernel.close();
        trail.close();
    }

    @AfterEach
    void removeEverything() throws Exception {
        if (machine != null) {
            agent.close();
            kernel.destroy();
            trail.close();
            machine.close();
        }
    }

    private List<JsonNode> events() {
        try (Stream<String> lines = Files.lines(folder.resolve("egress.jsonl"))) {
            return lines.map(AuditIT::json).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long recorded(int activity) {
        return events().stream()
                .filter(event -> event.path("activity_id").asInt() == activity)
                .filter(event -> event.at("/src_endpoint/name").asText().equals("team/flooder"))
                .mapToLong(event -> event.path("count").asLong(1))
                .sum();
    }

    /** Each packet of a flood is in the file, by itself or in a count, and none twice. */
    @Test
    void aFloodIsRecordedToItsLastPacket() throws Exception {
        agent.request("flood", DENIED, 53, 5000);
        await().atMost(COMPARED_TWICE).ignoreExceptions().until(() -> recorded(REFUSE) + recorded(UNRECORDED) == 5000);
        assertThat(recorded(REFUSE)).isBetween(10L, 400L);

        endNodeAgent();
        agent.request("flood", DENIED, 53, 700);
        beginNodeAgent();
        agent.request("flood", DENIED, 53, 3000);
        await("those while nobody listened are in the kernel's counter only")
                .atMost(COMPARED_TWICE)
                .until(() -> recorded(REFUSE) + recorded(UNRECORDED) == 8000);
    }

    /** What is left of an agent that has gone is said too. */
    @Test
    void aFloodOfAnAgentThatHasGoneIsRecordedToItsLastPacket() throws Exception {
        agent.request("flood", DENIED, 53, 2000);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        fence.detach(agent.id());
        await().atMost(COMPARED_TWICE).until(() -> recorded(REFUSE) + recorded(UNRECORDED) == 2000);
        assertThat(recorded(2)).as("the flow's end").isEqualTo(1);
    }

    /** Where a name of the agent's own leads, and which name it asks for last, is its choice. */
    @Test
    void aNameThatIsCountedOnlyHidesNoFlowToAnotherNamesAddress() throws Exception {
        AllowedName site = Groups.name("www.example.org", Protocol.TCP, PORT);
        AllowedName own = Groups.name("*.agent.example", Protocol.TCP, PORT);
        GroupRuleset named = Groups.named("narrow", site, own);
        fence.apply(List.of(new GroupRuleset(
                named.name(),
                named.hash(),
                List.of(),
                List.of(),
                named.names(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(
                        new AllowingRule("EgressPolicy/sites spec.egress[site]", null, null, List.of(site)),
                        new AllowingRule("EgressPolicy/sites spec.egress[own]", true, null, List.of(own))))));
        open("x.agent.example", DENIED);
        open("www.example.org", Machine.PUBLIC);
        open("x.agent.example", Machine.PUBLIC);

        assertThat(agent.tcp(DENIED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(Machine.PUBLIC, PORT)).isEqualTo("ok");
        await().atMost(COMPARED_TWICE).ignoreExceptions().until(() -> towards(Machine.PUBLIC) > 0);
        assertThat(towards(DENIED)).as("its own alone").isZero();
    }

    private void open(String name, String address) throws SandboxException {
        fence.openResolved(
                agent.id(),
                Objects.requireNonNull(fence.attachments().get(agent.id())).hash(),
                List.of(new ResolvedDestination(address, Protocol.TCP, PORT, Duration.ofMinutes(5))));
        fence.opened(agent.id(), name, List.of(address));
    }

    private long towards(String address) {
        return events().stream()
                .filter(event -> event.at("/dst_endpoint/ip").asText().equals(address))
                .count();
    }
}
