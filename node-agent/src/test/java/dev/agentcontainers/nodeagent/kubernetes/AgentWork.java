package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.supervisor.NodeParts;
import dev.agentcontainers.nodeagent.supervisor.Supervisor;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** The part of a node agent that deals with agents, on a fake machine that outlives it. */
final class AgentWork implements AutoCloseable {
    private static final long MOST_AGENTS = 10;

    private final NodeFixture node;
    private final Path folder;
    private final FakeDriver driver = new FakeDriver();
    private final FakeFence fence = new FakeFence();
    private Optional<Process> process = Optional.empty();

    AgentWork(NodeFixture node, Path folder) {
        this.node = node;
        this.folder = folder;
    }

    private record Process(
            KubernetesClient client,
            ScheduledExecutorService timer,
            Supervisor supervisor,
            AssignmentReporter reporter,
            AssignmentWatch assignments,
            PolicyWatch policies) {
        void end() {
            timer.shutdownNow();
            assignments.close();
            policies.close();
            supervisor.close();
            reporter.close();
            client.close();
        }
    }

    void start() {
        KubernetesClient client = node.nodeClient();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        DiskJournal journal = new DiskJournal(folder);
        PolicyKeeper policy = new PolicyKeeper(fence, journal);
        try {
            policy.restore();
        } catch (SandboxException e) {
            throw new IllegalStateException(e);
        }
        Map<String, DriverProbe> probes = Map.of(driver.name(), driver.probe());
        AssignmentReporter reporter =
                new AssignmentReporter(client, node.namespace, () -> probes, Map::of, id -> Optional.empty(), timer);
        Supervisor supervisor = new Supervisor(new NodeParts(
                Map.of(driver.name(), driver),
                fence,
                policy,
                new ClusterMaterials(client, node.namespace),
                AgentImages.NONE,
                journal,
                reporter,
                ResourceAmounts.NONE,
                MOST_AGENTS,
                "boot-1",
                Clock.systemUTC()));
        AssignmentWatch assignments = new AssignmentWatch(
                client,
                node.namespace,
                journal.entries().values().stream()
                        .map(JournalEntry::assignment)
                        .toList(),
                supervisor::sync,
                reporter,
                timer);
        PolicyWatch policies = new PolicyWatch(client, node.namespace, policy, timer, Duration.ofSeconds(2));
        supervisor.start();
        policies.start();
        assignments.start();
        process = Optional.of(new Process(client, timer, supervisor, reporter, assignments, policies));
    }

    /** Ends the node agent; the machine stays as it is. */
    void end() {
        process.ifPresent(Process::end);
        process = Optional.empty();
    }

    void restart() {
        end();
        start();
    }

    FakeDriver driver() {
        return driver;
    }

    FakeFence fence() {
        return fence;
    }

    Supervisor supervisor() {
        return process.orElseThrow().supervisor();
    }

    AssignmentReporter reporter() {
        return process.orElseThrow().reporter();
    }

    AssignmentWatch assignments() {
        return process.orElseThrow().assignments();
    }

    @Override
    public void close() {
        end();
    }
}
