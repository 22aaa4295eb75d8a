package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.kubernetes.AssignmentReporter;
import dev.agentcontainers.nodeagent.kubernetes.AssignmentWatch;
import dev.agentcontainers.nodeagent.kubernetes.ClusterMaterials;
import dev.agentcontainers.nodeagent.kubernetes.Heartbeat;
import dev.agentcontainers.nodeagent.kubernetes.Membership;
import dev.agentcontainers.nodeagent.kubernetes.MembershipFile;
import dev.agentcontainers.nodeagent.kubernetes.MembershipFile.Remembered;
import dev.agentcontainers.nodeagent.kubernetes.NodeDescription;
import dev.agentcontainers.nodeagent.kubernetes.NodeRegistration;
import dev.agentcontainers.nodeagent.kubernetes.NodeStatusReporter;
import dev.agentcontainers.nodeagent.kubernetes.PolicyWatch;
import dev.agentcontainers.nodeagent.observability.MeteredDriver;
import dev.agentcontainers.nodeagent.observability.MeteredFence;
import dev.agentcontainers.nodeagent.observability.MeteredReporter;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.supervisor.NodeParts;
import dev.agentcontainers.nodeagent.supervisor.Supervisor;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.core.instrument.Metrics;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node agent, put together and started in order: what the machine is and can, the fence, the policy and the agents of
 * an earlier process, and only then what needs the API server. So a node that has worked before takes up its work where
 * the API server can't be reached. {@link #close} leaves agents and fence as they are.
 */
public final class NodeAgent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);

    private final NodeOptions options;
    private final Platform platform;
    private final Clock clock;
    private final Runnable onOtherMembership;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("timer").daemon().factory());
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private volatile Optional<Parts> parts = Optional.empty();

    /** What runs, for health and metrics. */
    record Parts(
            Supervisor supervisor,
            PolicyKeeper policy,
            AssignmentReporter reporter,
            AssignmentWatch assignments,
            PolicyWatch policies,
            Heartbeat heartbeat,
            ApiCredentials credentials) {}

    /**
     * @param onOtherMembership called where the AgentNode was made anew with another namespace or range, so that this
     *     process must be started again
     */
    public NodeAgent(NodeOptions options, Platform platform, Clock clock, Runnable onOtherMembership) {
        this.options = options;
        this.platform = platform;
        this.clock = clock;
        this.onOtherMembership = onOtherMembership;
    }

    /** Returns once everything is started; what needs the API server may not have reached it yet. */
    public void start() throws IOException, SandboxException, InterruptedException {
        ApiCredentials credentials = ApiCredentials.of(options, clock);
        MachineFacts facts = platform.facts(options.settings());
        List<IsolationDriver> drivers = platform.drivers(options.settings());
        drivers.forEach(this::closeLater);
        Map<String, DriverProbe> probes = probe(drivers);
        KubernetesClient client = closing(client(credentials.clientConfig()));
        Remembered node = membership(client);
        Fence fence = platform.fence(options.settings());
        closeLater(fence);
        fence.open(fenceSettings(node));
        NodeDescription description = describe(facts, node, probes);
        limitAgents(description);
        start(new Ingredients(
                client,
                credentials,
                node.membership(),
                new MeteredFence(fence, Metrics.globalRegistry),
                metered(usable(drivers, probes)),
                description));
    }

    /** Where it fails each agent still has its own limits, and what they ask for is still counted. */
    private void limitAgents(NodeDescription description) {
        try {
            platform.limitAgents(options.settings(), description.allocatable());
        } catch (IOException e) {
            LOG.error(
                    "the agents together are not kept to {} % of this machine: {}",
                    description.sharePercent(), e.getMessage());
        }
    }

    /** Tries a request again once only: each caller tries again by itself, and says so in the log. */
    private static KubernetesClient client(Config config) {
        config.setRequestRetryBackoffLimit(1);
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    private record Ingredients(
            KubernetesClient client,
            ApiCredentials credentials,
            Membership membership,
            Fence fence,
            Map<String, IsolationDriver> drivers,
            NodeDescription description) {}

    private void start(Ingredients with) {
        KubernetesClient client = with.client();
        String namespace = with.membership().namespace();
        DiskJournal journal = new DiskJournal(options.journal());
        PolicyKeeper policy = new PolicyKeeper(with.fence(), journal);
        restore(policy);
        AssignmentReporter reporter = closing(
                new AssignmentReporter(client, namespace, with.description().probes(), timer));
        Collection<JournalEntry> known = journal.entries().values();
        Supervisor supervisor = closing(new Supervisor(new NodeParts(
                with.drivers(),
                with.fence(),
                policy,
                new ClusterMaterials(client, namespace),
                journal,
                new MeteredReporter(reporter, Metrics.globalRegistry),
                with.description().allocatable(),
                with.description().mostAgents(),
                with.description().machine().bootId(),
                clock)));
        supervisor.start();
        with.credentials().keepFresh(client, namespace, timer);
        Heartbeat heartbeat =
                closing(new Heartbeat(client, namespace, options.settings().name(), clock));
        heartbeat.start();
        closing(new NodeStatusReporter(client, options.settings().name(), with.description(), this::compare, timer))
                .start();
        PolicyWatch policies = closing(new PolicyWatch(client, namespace, policy, timer));
        policies.start();
        AssignmentWatch assignments = closing(new AssignmentWatch(
                client,
                namespace,
                known.stream().map(JournalEntry::assignment).toList(),
                supervisor::sync,
                reporter,
                timer));
        assignments.start();
        parts = Optional.of(
                new Parts(supervisor, policy, reporter, assignments, policies, heartbeat, with.credentials()));
        LOG.info(
                "node agent of {} is at work; {} agents of an earlier process",
                options.settings().name(),
                known.size());
    }

    /** Empty until it is started. */
    Optional<Parts> parts() {
        return parts;
    }

    private static Map<String, DriverProbe> probe(List<IsolationDriver> drivers) {
        Map<String, DriverProbe> probes = new LinkedHashMap<>();
        for (IsolationDriver driver : drivers) {
            DriverProbe probe = driver.probe();
            switch (probe) {
                case DriverProbe.Ready ready ->
                    LOG.info(
                            "driver {}: {}, strength {}, {}",
                            driver.name(),
                            ready.version(),
                            ready.strength(),
                            ready.features());
                case DriverProbe.NotReady notReady -> LOG.warn("driver {}: {}", driver.name(), notReady.reason());
            }
            probes.put(driver.name(), probe);
        }
        return probes;
    }

    /**
     * Those that are ready, and those that are not but hold agents of an earlier process: they must still be overseen and
     * removed.
     */
    private static Map<String, IsolationDriver> usable(List<IsolationDriver> drivers, Map<String, DriverProbe> probes) {
        Map<String, IsolationDriver> usable = new LinkedHashMap<>();
        for (IsolationDriver driver : drivers) {
            if (probes.get(driver.name()) instanceof DriverProbe.Ready || holdsAgents(driver)) {
                usable.put(driver.name(), driver);
            }
        }
        return usable;
    }

    private static Map<String, IsolationDriver> metered(Map<String, IsolationDriver> drivers) {
        Map<String, IsolationDriver> metered = new LinkedHashMap<>();
        drivers.forEach((name, driver) -> metered.put(name, new MeteredDriver(driver, Metrics.globalRegistry)));
        return metered;
    }

    private static boolean holdsAgents(IsolationDriver driver) {
        try {
            return !driver.list().isEmpty();
        } catch (SandboxException e) {
            LOG.warn("driver {} can't say what agents it has: {}", driver.name(), e.getMessage());
            return false;
        }
    }

    private Remembered membership(KubernetesClient client) throws IOException, InterruptedException {
        MembershipFile file = new MembershipFile(options.membership());
        Optional<Remembered> remembered = file.read()
                .filter(last ->
                        last.membership().nodeName().equals(options.settings().name()));
        Membership membership = remembered.isPresent()
                ? remembered.get().membership()
                : new NodeRegistration(client, options.settings().name(), timer).await();
        List<String> apiServer = ApiServerAddresses.of(client.getConfiguration())
                .or(() -> remembered.map(Remembered::apiServer))
                .orElse(List.of());
        Remembered now = new Remembered(membership, apiServer);
        if (!remembered.equals(Optional.of(now))) {
            file.write(now);
        }
        return now;
    }

    /** What was remembered may have changed while this process or the API server was away. */
    private void compare(Membership seen) {
        try {
            MembershipFile file = new MembershipFile(options.membership());
            Remembered before = file.read().orElseThrow();
            if (before.membership().equals(seen)) {
                return;
            }
            file.write(new Remembered(seen, before.apiServer()));
            if (before.membership().isSameNodeAs(seen)) {
                LOG.info("the AgentNode has changed (share {} %): in force after the next start", seen.sharePercent());
            } else {
                LOG.warn(
                        "this node has another namespace or range now ({}, {}): starting again",
                        seen.namespace(),
                        seen.agentCidr());
                onOtherMembership.run();
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the node's membership can't be remembered", e);
        }
    }

    private FenceSettings fenceSettings(Remembered node) {
        List<String> neverAllowed = new ArrayList<>(options.neverAllowed());
        neverAllowed.addAll(node.apiServer());
        return new FenceSettings(node.membership().agentCidr(), options.fleetCidr(), neverAllowed);
    }

    private NodeDescription describe(MachineFacts facts, Remembered node, Map<String, DriverProbe> probes) {
        return new NodeDescription(
                facts,
                options.version(),
                MostAgents.of(node.membership().agentCidr(), options.settings().userIdCount()),
                node.membership().sharePercent(),
                probes);
    }

    /** A fence that does not take the last policy back keeps denying; the next revision is tried as ever. */
    private static void restore(PolicyKeeper policy) {
        try {
            policy.restore();
        } catch (SandboxException e) {
            LOG.error("the last policy could not be put into force again: {}", e.getMessage());
        }
    }

    private <T extends AutoCloseable> T closing(T part) {
        opened.push(part);
        return part;
    }

    private void closeLater(Object part) {
        if (part instanceof AutoCloseable closeable) {
            opened.push(closeable);
        }
    }

    /** Ends the node agent and leaves agents and fence as they are. */
    @Override
    public void close() {
        parts = Optional.empty();
        timer.shutdownNow();
        while (!opened.isEmpty()) {
            AutoCloseable part = opened.pop();
            try {
                part.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.warn("{} did not end well", part.getClass().getSimpleName(), e);
            }
        }
    }
}
