package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageConfiguration;
import dev.agentcontainers.nodeagent.image.ImagePlatform;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.agent.AgentImage;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probe.Handler;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Availability;
import dev.agentcontainers.nodeagent.supervisor.NodeParts;
import dev.agentcontainers.nodeagent.supervisor.Supervisor;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What probes do to an agent's life: a real supervisor, a real driver, a real fence. */
@Tag("node")
@Tag("runtime")
@Timeout(120)
class ProbedLifeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final List<AgentReport> reports = new CopyOnWriteArrayList<>();
    private final AheadClock clock = new AheadClock();
    private FencedNode node;
    private Supervisor supervisor;

    /** The machine's, ahead by as much as a test says. */
    private static final class AheadClock extends Clock {
        private volatile Duration ahead = Duration.ZERO;

        @Override
        public ZoneId getZone() {
            return Clock.systemUTC().getZone();
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return Clock.systemUTC().instant().plus(ahead);
        }
    }

    @BeforeEach
    void startNode() throws Exception {
        node = FencedNode.start();
        supervisor = supervisor();
    }

    @AfterEach
    void closeNode() throws Exception {
        if (node != null) {
            supervisor.close();
            node.close();
        }
    }

    /** Another process, on the same machine. */
    private Supervisor supervisor() throws Exception {
        DiskJournal journal =
                new DiskJournal(node.node().settings().stateDirectory().resolve("journal"));
        PolicyKeeper policy = new PolicyKeeper(node.fence(), journal);
        policy.apply(new PolicySnapshot(
                1,
                new AgentNodePolicySpec(
                        1L,
                        List.of(new AgentNodePolicySpec.Group(
                                FencedNode.GROUP.name(), FencedNode.GROUP.hash(), null, FencedNode.GROUP.egress())))));
        OciDriver driver = node.node().newDriver();
        Supervisor begun = new Supervisor(new NodeParts(
                Map.of(driver.name(), driver),
                node.fence(),
                policy,
                new NoMaterials(),
                new HostImage(),
                journal,
                reports::add,
                new ResourceAmounts(
                        OptionalLong.of(4000), OptionalLong.of(1L << 32), OptionalLong.empty(), OptionalLong.empty()),
                10,
                "boot",
                clock));
        begun.start();
        return begun;
    }

    private static final class NoMaterials implements MaterialSource {
        @Override
        public Optional<Map<String, byte[]>> configMap(String name) {
            return Optional.empty();
        }

        @Override
        public Optional<Map<String, byte[]>> secret(String name) {
            return Optional.empty();
        }
    }

    /** The host's programs as an image, for the driver that takes one. */
    private static final class HostImage implements AgentImages {
        private static AgentImage image() {
            return new AgentImage(
                    new Digest(Digest.Algorithm.SHA256, "0".repeat(64)),
                    new ImageConfiguration(
                            ImagePlatform.ofThisMachine(), List.of(), List.of(), List.of(), List.of(), "", ""),
                    List.of(HostPrograms.all()));
        }

        @Override
        public Optional<AgentImage> of(ImageUse use) {
            return Optional.of(image());
        }

        @Override
        public void requireSigned(ImageUse use) {}

        @Override
        public AgentImage get(
                ImageUse use,
                ImageReference reference,
                PullPolicy policy,
                RegistryCredentials credentials,
                PullObserver observer) {
            return image();
        }

        @Override
        public void release(SandboxId agent) {}

        @Override
        public Set<SandboxId> holders() {
            return Set.of();
        }
    }

    private Assignment assignment(Probes probes, RestartPolicy restart) {
        String driver = node.node().driver().name();
        SandboxId id = TestNode.newId();
        return new Assignment(
                id,
                new Assignment.Agent("team-a", "probed", id.value(), 1),
                1,
                1,
                new Assignment.Driver(driver, driver, Map.of()),
                driver.equals("process")
                        ? Optional.empty()
                        : Optional.of(new Assignment.Image(
                                "example.org/host:1", Optional.of(PullPolicy.NEVER), List.of(), List.of())),
                FencedNode.SERVER,
                Optional.empty(),
                List.of(),
                ResourceAmounts.NONE,
                ResourceAmounts.NONE,
                List.of(),
                restart,
                Optional.empty(),
                Duration.ofSeconds(30),
                probes,
                FencedNode.GROUP.name(),
                false);
    }

    private static Optional<Probe> probe(Handler handler, int failures) {
        return Optional.of(new Probe(
                handler,
                Duration.ZERO,
                Duration.ofMillis(200),
                Duration.ofSeconds(10),
                1,
                failures,
                Optional.of(Duration.ofSeconds(1))));
    }

    private static Handler file(String name) {
        return new Handler.HttpGet(8001, "/file/" + name, Optional.empty(), false, List.of());
    }

    private Optional<AgentReport> last() {
        return reports.isEmpty() ? Optional.empty() : Optional.of(reports.getLast());
    }

    private Availability awaitAvailability(String reason) {
        await("availability " + reason)
                .atMost(PATIENCE)
                .until(() -> last().flatMap(AgentReport::availability)
                        .filter(said -> said.reason().equals(reason))
                        .isPresent());
        return last().flatMap(AgentReport::availability).orElseThrow();
    }

    private void touch(Assignment agent, String file) throws Exception {
        assertThat(node.code(agent.id(), "touch", "/tmp/" + file)).isZero();
    }

    @Test
    void theStartupProbeComesFirstAndReadinessComesAndGoes() throws Exception {
        Handler started = new Handler.Exec(
                List.of("/bin/sh", "-c", "echo asked >>/tmp/asked; test -e /tmp/started || { echo not yet; exit 1; }"));
        Handler lives = new Handler.Exec(List.of("/bin/sh", "-c", "touch /tmp/lives"));
        Assignment agent = assignment(
                new Probes(probe(started, 1000), probe(file("ready"), 1), probe(lives, 1)), RestartPolicy.Never);
        supervisor.sync(List.of(agent), List.of());

        assertThat(awaitAvailability("StartupProbePending").available()).isFalse();
        await().atMost(PATIENCE).until(() -> node.code(agent.id(), "test", "-s", "/tmp/asked") == 0);
        // As it begins, it removes what an earlier run has left.
        await().atMost(PATIENCE).until(() -> node.code(agent.id(), "test", "-e", "/tmp/serves") == 0);
        touch(agent, "ready");
        assertThat(node.code(agent.id(), "test", "-e", "/tmp/lives"))
                .as("asked before it has started")
                .isNotZero();
        touch(agent, "started");
        assertThat(awaitAvailability("Running").available()).isTrue();
        String asked = node.output(agent.id(), "cat", "/tmp/asked");

        node.code(agent.id(), "rm", "/tmp/ready");
        assertThat(awaitAvailability("ReadinessProbeFailed").message())
                .isEqualTo("readiness probe failed: answered with status 503");

        touch(agent, "ready");
        awaitAvailability("Running");
        assertThat(last().orElseThrow().phase()).isEqualTo(AssignmentPhase.Running);

        supervisor.close();
        reports.clear();
        supervisor = supervisor();
        supervisor.sync(List.of(agent), List.of());
        assertThat(awaitAvailability("Running").available()).as("adopted").isTrue();
        node.code(agent.id(), "rm", "/tmp/ready");
        awaitAvailability("ReadinessProbeFailed");
        assertThat(node.output(agent.id(), "cat", "/tmp/asked"))
                .as("asked again though it had started")
                .isEqualTo(asked);
        assertThat(reports).extracting(AgentReport::restarts).containsOnly(0);
    }

    @Test
    void anAgentThatDoesNotWorkAnyMoreIsStoppedAndStartedAgain() throws Exception {
        Handler alive = new Handler.Exec(List.of("/bin/sh", "-c", "! test -e /tmp/sick"));
        Assignment agent = assignment(
                new Probes(Optional.empty(), probe(new Handler.TcpSocket(8001), 1), probe(alive, 2)),
                RestartPolicy.OnFailure);
        supervisor.sync(List.of(agent), List.of());
        awaitAvailability("Running");

        // What hangs on outlives neither.
        node.code(agent.id(), "/bin/sh", "-c", "(trap '' TERM; setsid sleep 5554 &) ; touch /tmp/sick");

        await().atMost(PATIENCE)
                .until(() -> last().orElseThrow().phase() == AssignmentPhase.Preparing
                        && last().orElseThrow().reason().equals("LivenessProbeFailed"));
        assertThat(last().orElseThrow().message())
                .matches("liveness probe failed: exit code 1; ended with exit code 1(37|43); started again at .*");
        assertThat(reports)
                .anyMatch(report -> report.phase() == AssignmentPhase.Running
                        && report.availability()
                                .filter(said ->
                                        !said.available() && said.reason().equals("LivenessProbeFailed"))
                                .isPresent());
        assertThat(ProcessHandle.allProcesses()
                        .filter(process ->
                                process.info().commandLine().orElse("").contains("sleep 5554")))
                .isEmpty();

        clock.ahead = Duration.ofSeconds(11);
        supervisor.wakeAll();

        await().atMost(PATIENCE)
                .until(() -> last().orElseThrow().phase() == AssignmentPhase.Running
                        && last().flatMap(AgentReport::availability)
                                .filter(Availability::available)
                                .isPresent());
        assertThat(last().orElseThrow().restarts()).isEqualTo(1);
    }

    @Test
    void anAgentThatDoesNotComeToStartFails() throws Exception {
        Assignment agent = assignment(
                new Probes(probe(new Handler.TcpSocket(8009), 3), Optional.empty(), Optional.empty()),
                RestartPolicy.Never);
        supervisor.sync(List.of(agent), List.of());

        await().atMost(PATIENCE)
                .until(() -> last().filter(report -> report.phase() == AssignmentPhase.Failed)
                        .isPresent());

        assertThat(last().orElseThrow().reason()).isEqualTo("StartupProbeFailed");
        assertThat(last().orElseThrow().message())
                .contains("startup probe failed: port 8009 of the agent can't be reached", "Connection refused");
    }
}
