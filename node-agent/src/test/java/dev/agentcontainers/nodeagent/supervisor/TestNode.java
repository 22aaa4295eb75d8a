package dev.agentcontainers.nodeagent.supervisor;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A machine with a journal folder, and one node-agent process after the other on it. */
final class TestNode implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final String GROUP = "group-a";

    final SettableClock clock = new SettableClock();
    final FakeMachine machine = new FakeMachine(clock);
    final Map<String, Map<String, byte[]>> secrets = new ConcurrentHashMap<>();
    AgentImages images = AgentImages.NONE;
    private final Path folder;
    private final List<AgentReport> reports = new ArrayList<>();
    private final Map<SandboxId, AgentReport> latest = new ConcurrentHashMap<>();
    private String boot = "boot-1";
    private volatile boolean apiServerIsThere = true;
    private Optional<Process> process = Optional.empty();

    /** One process. */
    record Process(Supervisor supervisor, PolicyKeeper policy, Calls calls) {}

    TestNode(Path folder) {
        this.folder = folder;
    }

    /** Starts a process that adopts what there is. */
    TestNode up() {
        return up(new Calls());
    }

    TestNode up(Calls calls) {
        CallingJournal journal = new CallingJournal(new DiskJournal(folder), calls);
        PolicyKeeper policy = new PolicyKeeper(new FakeFence(machine, calls), journal);
        FakeDriver driver = new FakeDriver(machine, calls);
        Supervisor supervisor = new Supervisor(new NodeParts(
                Map.of(driver.name(), driver),
                new FakeFence(machine, calls),
                policy,
                materials(),
                images,
                journal,
                report -> take(report, calls),
                new ResourceAmounts(
                        OptionalLong.of(2000), OptionalLong.of(1 << 30), OptionalLong.empty(), OptionalLong.empty()),
                10,
                boot,
                clock));
        process = Optional.of(new Process(supervisor, policy, calls));
        try {
            policy.restore();
        } catch (SandboxException e) {
            throw new IllegalStateException(e);
        }
        supervisor.start();
        return this;
    }

    Supervisor supervisor() {
        return process.orElseThrow().supervisor();
    }

    Calls calls() {
        return process.orElseThrow().calls();
    }

    /** The process is killed. */
    void crash() {
        calls().die();
        supervisor().close();
    }

    /** The machine is restarted. */
    void reboot() {
        crash();
        machine.reboot();
        boot = boot + "+1";
    }

    void loseApiServer() {
        apiServerIsThere = false;
    }

    TestNode policy(long revision, long epoch, String... groups) {
        return policy(
                revision,
                epoch,
                List.of(groups).stream()
                        .collect(Collectors.toMap(Function.identity(), name -> "hash-" + name + "-" + revision)));
    }

    /** @param hashes of the groups, by their names */
    TestNode policy(long revision, long epoch, Map<String, String> hashes) {
        List<AgentNodePolicySpec.Group> list = hashes.entrySet().stream()
                .map(group -> new AgentNodePolicySpec.Group(group.getKey(), group.getValue(), null, List.of()))
                .toList();
        try {
            process.orElseThrow().policy().apply(new PolicySnapshot(revision, new AgentNodePolicySpec(epoch, list)));
        } catch (SandboxException e) {
            throw new IllegalStateException(e);
        }
        return this;
    }

    TestNode run(Assignment... assignments) {
        supervisor().sync(List.of(assignments), List.of());
        return this;
    }

    TestNode remove(Assignment... assignments) {
        supervisor().sync(List.of(), List.of(assignments));
        return this;
    }

    /** Time passes, and everybody notices. */
    void pass(Duration time) {
        clock.advance(time);
        supervisor().wakeAll();
    }

    AgentReport awaitPhase(SandboxId id, AssignmentPhase phase) {
        await("phase " + phase)
                .dontCatchUncaughtExceptions()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> Optional.ofNullable(latest.get(id))
                        .filter(report -> report.phase() == phase)
                        .isPresent());
        return latest(id).orElseThrow();
    }

    AgentReport awaitReason(SandboxId id, String reason) {
        await("reason " + reason)
                .dontCatchUncaughtExceptions()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> Optional.ofNullable(latest.get(id))
                        .filter(report -> report.reason().equals(reason))
                        .isPresent());
        return latest(id).orElseThrow();
    }

    Optional<AgentReport> latest(SandboxId id) {
        return Optional.ofNullable(latest.get(id));
    }

    void forgetReports() {
        latest.clear();
    }

    Optional<JournalEntry> journalled(SandboxId id) {
        return Optional.ofNullable(new DiskJournal(folder).entries().get(id));
    }

    List<AgentReport> reports() {
        synchronized (reports) {
            return List.copyOf(reports);
        }
    }

    private void take(AgentReport report, Calls calls) {
        if (!calls.isDead()) {
            synchronized (reports) {
                reports.add(report);
            }
            latest.put(report.assignment().id(), report);
        }
    }

    private MaterialSource materials() {
        return new MaterialSource() {
            @Override
            public Optional<Map<String, byte[]>> configMap(String name) throws SandboxException {
                return secret(name);
            }

            @Override
            public Optional<Map<String, byte[]>> secret(String name) throws SandboxException {
                if (!apiServerIsThere) {
                    throw new SandboxException(
                            SandboxException.Step.RESOLVE,
                            SandboxException.Kind.TRANSIENT,
                            "the API server can't be reached");
                }
                return Optional.ofNullable(secrets.get(name));
            }
        };
    }

    Set<SandboxId> known() {
        return new DiskJournal(folder).entries().keySet();
    }

    @Override
    public void close() {
        process.ifPresent(running -> running.supervisor().close());
    }
}
