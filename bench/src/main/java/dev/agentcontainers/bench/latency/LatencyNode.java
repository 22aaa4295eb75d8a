package dev.agentcontainers.bench.latency;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.bench.SupervisedAgent;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.BareRun;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.NodeParts;
import dev.agentcontainers.nodeagent.supervisor.Supervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A node agent's supervisor, driver and fence in this process, as they are shipped, without an API server: assignments come
 * from the benchmark. Removes everything of it when closed, or when the JVM is asked to end.
 */
final class LatencyNode implements AutoCloseable {
    private static final String NAME = "bench";
    private static final long FIRST_ID = 1_500_000_000L;
    private static final long PATIENCE_SECONDS = 30;
    /** Tells when it runs: its output is the time, in nanoseconds since 1970. */
    private static final List<String> AGENT = List.of("/bin/date", "+%s%N");

    private static final String EGRESS =
            "[{name: data, to: [{ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}}], ports: [{port: 8080}]}]";
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Path folder;
    private final NodeSettings settings;
    private final Platform platform = Platform.current();
    private final Fence fence;
    private final IsolationDriver driver;
    private final Supervisor supervisor;
    private final String group;
    private final Timed timed = new Timed();
    private final BlockingQueue<AgentReport> reports = new LinkedBlockingQueue<>();
    private final BareRun bareRun;
    private final Removal removal;

    private LatencyNode(Path folder) throws IOException, SandboxException {
        this.folder = folder;
        this.settings = new NodeSettings(
                NAME, folder.resolve("state"), folder.resolve("run"), FIRST_ID, 64L * IdRange.PER_SANDBOX, 64L << 20);
        this.fence = platform.fence(settings);
        this.driver = platform.drivers(settings).getFirst();
        // What an earlier benchmark left that was killed.
        for (SandboxId left : driver.list()) {
            driver.purge(left);
        }
        fence.open(new FenceSettings("100.95.252.0/22", "100.80.0.0/12", List.of()));
        removal = new Removal(this::remove);
        DiskJournal journal = new DiskJournal(settings.stateDirectory().resolve("journal"));
        PolicyKeeper policy = new PolicyKeeper(fence, journal);
        AgentNodePolicySpec.Group compiled = SupervisedAgent.policy(EGRESS);
        this.group = compiled.name();
        policy.apply(new PolicySnapshot(1, new AgentNodePolicySpec(1L, List.of(compiled))));
        this.supervisor = new Supervisor(new NodeParts(
                Map.of(driver.name(), timed.proxy(IsolationDriver.class, driver)),
                timed.proxy(Fence.class, fence),
                policy,
                SupervisedAgent.NO_MATERIAL,
                AgentImages.NONE,
                timed.proxy(Journal.class, journal),
                reports::add,
                SupervisedAgent.CAPACITY,
                60,
                platform.facts(settings).bootId(),
                Clock.systemUTC()));
        supervisor.start();
        // It removes what it does not know, once; the baseline's sandbox comes after that.
        supervisor.sync(List.of(), List.of());
        this.bareRun = BareRun.of(
                OciSettings.of(
                                settings.stateDirectory(),
                                settings.runDirectory().resolve("oci"),
                                "/agentcontainers-" + NAME,
                                new IdRange(settings.firstUserId(), settings.userIdCount()),
                                settings.logLimitBytes())
                        .withUnaskedStorage(settings.unaskedStorageBytes()),
                SupervisedAgent.spec(AGENT));
    }

    static LatencyNode open() throws IOException, SandboxException {
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        return new LatencyNode(folder);
    }

    /** What the supervisor calls, and how long that takes. */
    Timed timed() {
        return timed;
    }

    /** Nanoseconds from the assignment's arrival to the agent's first instruction, through everything. */
    long fenced(Stages stages) throws IOException, InterruptedException {
        Assignment assignment = agent().assignment(group);
        Instant seen = Instant.now();
        supervisor.sync(List.of(assignment), List.of());
        AgentReport done = await(assignment.id(), AssignmentPhase.Succeeded);
        String line = Files.readAllLines(driver.log(assignment.id())).getFirst();
        Instant first = instant(line.substring(line.lastIndexOf(' ') + 1));
        supervisor.sync(List.of(), List.of(assignment));
        await(assignment.id(), AssignmentPhase.Stopped);
        supervisor.sync(List.of(), List.of());
        stages.add(seen, done.milestones(), first);
        return Duration.between(seen, first).toNanos();
    }

    /** Nanoseconds from the runtime's start to the agent's first instruction. */
    long bare() throws IOException {
        Instant begin = Instant.now();
        Instant first = instant(bareRun.run().strip());
        return Duration.between(begin, first).toNanos();
    }

    /** The same where everything that a start needs is made anew by the driver's own code. */
    long bareAnew() throws IOException, SandboxException, InterruptedException {
        try (BareRun.Anew run = bareRun.anew()) {
            Instant begin = Instant.now();
            Instant first = instant(run.run().strip());
            return Duration.between(begin, first).toNanos();
        }
    }

    /** Nanoseconds since 1970, as the agent says them. */
    static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }

    private static Instant instant(String nanos) {
        long since1970 = Long.parseLong(nanos);
        return Instant.ofEpochSecond(since1970 / NANOS_PER_SECOND, since1970 % NANOS_PER_SECOND);
    }

    private AgentReport await(SandboxId id, AssignmentPhase phase) throws InterruptedException {
        while (true) {
            AgentReport report = reports.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (report == null) {
                throw new IllegalStateException("sandbox " + id + " is not " + phase + " within 30 s");
            }
            if (!report.assignment().id().equals(id)) {
                continue;
            }
            if (report.phase() == AssignmentPhase.Failed || report.phase() == AssignmentPhase.Rejected) {
                throw new IllegalStateException("sandbox " + id + ": " + report.reason() + ": " + report.message());
            }
            if (report.phase() == phase) {
                return report;
            }
        }
    }

    private SupervisedAgent agent() {
        return new SupervisedAgent(
                NAME, new Assignment.Driver("process", driver.name(), Map.of()), Optional.empty(), AGENT);
    }

    @Override
    public void close() {
        removal.close();
    }

    private void remove() {
        supervisor.close();
        try {
            for (SandboxId id : driver.list()) {
                driver.purge(id);
            }
            fence.destroy();
            platform.forget(settings);
            FileTrees.delete(folder);
        } catch (SandboxException | IOException e) {
            System.err.println("bench: not everything could be removed of " + folder + ": " + e.getMessage());
        }
    }
}
