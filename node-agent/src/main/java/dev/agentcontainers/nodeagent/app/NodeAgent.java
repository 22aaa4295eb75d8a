package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditedFence;
import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.FenceUpkeep;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.egress.PolicyRestoration;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.gateway.GatewayConnection;
import dev.agentcontainers.nodeagent.gateway.StreamTargets;
import dev.agentcontainers.nodeagent.image.agent.AwaitedImages;
import dev.agentcontainers.nodeagent.image.agent.DiskRelief;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.kubernetes.AssignmentReporter;
import dev.agentcontainers.nodeagent.kubernetes.AssignmentWatch;
import dev.agentcontainers.nodeagent.kubernetes.ClusterMaterials;
import dev.agentcontainers.nodeagent.kubernetes.Heartbeat;
import dev.agentcontainers.nodeagent.kubernetes.Membership;
import dev.agentcontainers.nodeagent.kubernetes.MembershipFile;
import dev.agentcontainers.nodeagent.kubernetes.MembershipFile.Remembered;
import dev.agentcontainers.nodeagent.kubernetes.NodeDescription;
import dev.agentcontainers.nodeagent.kubernetes.NodeStatusReporter;
import dev.agentcontainers.nodeagent.kubernetes.PolicyWatch;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.nodeagent.observability.AuditMeters;
import dev.agentcontainers.nodeagent.observability.MeteredFence;
import dev.agentcontainers.nodeagent.observability.MeteredReporter;
import dev.agentcontainers.nodeagent.observability.UsageMeters;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import dev.agentcontainers.nodeagent.supervisor.NodeParts;
import dev.agentcontainers.nodeagent.supervisor.Supervisor;
import dev.agentcontainers.nodeagent.usage.AgentUses;
import dev.agentcontainers.nodeagent.usage.KnownAgent;
import dev.agentcontainers.nodeagent.usage.UsageObserver;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.core.instrument.Metrics;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node agent, put together and started in order: what the machine is and can, the fence, the policy and the agents of
 * an earlier process, and only then what needs the API server or the gateway. So a node that has worked before takes up
 * its work where neither can be reached. {@link #close} leaves agents as they are, and the fence where it
 * holds one.
 */
public final class NodeAgent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);

    /** No longer do agents without an image wait for the store of images. */
    private static final Duration IMAGES_PATIENCE = Duration.ofSeconds(5);

    private final NodeOptions options;
    private final Platform platform;
    private final Clock clock;
    private final Runnable onOtherMembership;
    private final KnownMembership membership;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("timer").daemon().factory());
    private final AgentsShare share;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private volatile Optional<Parts> parts = Optional.empty();
    private volatile List<String> neverAllowed = List.of();
    private volatile Consumer<List<String>> onNeverAllowed = all -> {};

    /** What runs, for health and metrics; no gateway where the node comes with a kubeconfig. */
    record Parts(
            Supervisor supervisor,
            PolicyKeeper policy,
            AssignmentReporter reporter,
            AssignmentWatch assignments,
            PolicyWatch policies,
            Heartbeat heartbeat,
            ApiCredentials credentials,
            Optional<GatewayConnection> gateway) {}

    /**
     * @param onOtherMembership called where the AgentNode was made anew, so that this
     *     process must be started again
     */
    public NodeAgent(NodeOptions options, Platform platform, Clock clock, Runnable onOtherMembership) {
        this.options = options;
        this.platform = platform;
        this.clock = clock;
        this.onOtherMembership = onOtherMembership;
        this.share = new AgentsShare(amounts -> platform.limitAgents(options.settings(), amounts), timer);
        this.membership = new KnownMembership(
                new MembershipFile(options.membership()), options.settings().name(), onOtherMembership);
    }

    /** Returns once everything is started; what needs the API server may not have reached it yet. */
    public void start() throws IOException, SandboxException, InterruptedException {
        ApiCredentials credentials = ApiCredentials.of(options, clock);
        MachineFacts facts = platform.facts(options.settings());
        NodeDrivers drivers = closing(NodeDrivers.probe(
                platform.drivers(options.settings()),
                platform.strength(options.settings()),
                new StrengthReports(options.settings().stateDirectory().resolve("strength")),
                facts));
        KubernetesClient client = closing(client(credentials.clientConfig()));
        Remembered node = membership.await(client, timer);
        DiskJournal journal = new DiskJournal(options.journal());
        AuditTrail trail = closing(trail());
        trail.onAgents(new AuditMeters(Metrics.globalRegistry));
        Fence bare = platform.fence(options.settings());
        closing(() -> letGo(bare));
        AuditedFence audited = new AuditedFence(
                bare,
                trail,
                id -> journal.entry(id).map(entry -> entry.assignment().agent()).map(NodeAgent::agent));
        NamesFence names = openFence(audited, node);
        Fence fence = new MeteredFence(names, Metrics.globalRegistry);
        EgressProxyKeeper proxy = closing(new EgressProxyKeeper(
                names,
                platform.proxy(options.settings()),
                options.names(),
                AgentAuthorities.of(options.settings().stateDirectory()),
                audited));
        FenceUpkeep upkeep = closing(new FenceUpkeep(fence).start());
        closing(new ApiServerWatch(
                        node.apiServer(), () -> ApiServerAddresses.of(client.getConfiguration()), addresses -> {
                            List<String> all = neverAllowed(addresses);
                            onNeverAllowed.accept(all);
                            fence.neverAllow(all);
                            membership.remember(addresses);
                        })
                .start());
        AwaitedImages images = closing(AwaitedImages.start(
                options.images(),
                platform.layers(options.settings()),
                options.settings().name(),
                clock));
        PresentNode present = describe(
                facts,
                node,
                drivers,
                () -> Stream.of(
                                upkeep.warnings(),
                                share.warnings(),
                                proxy.warnings(),
                                trail.warnings(),
                                images.warnings())
                        .flatMap(List::stream)
                        .toList());
        limitAgents(present.get());
        closing(DiskRelief.start(
                images::relieve, options.images().directory(), options.images().freePercent()));
        // Agents of an earlier process know their images at once then, in the usual case.
        images.awaitFirstTry(IMAGES_PATIENCE);
        start(new Ingredients(
                client,
                credentials,
                node.membership().namespace(),
                journal,
                trail,
                fence,
                proxy,
                images,
                drivers,
                drivers.metered(Metrics.globalRegistry),
                present));
    }

    private static AuditSubject.Agent agent(Assignment.Agent agent) {
        return new AuditSubject.Agent(agent.namespace(), agent.name(), agent.uid());
    }

    private AuditTrail trail() {
        try {
            return AuditTrail.inFolder(
                    options.auditFolder(), options.audit(), options.settings().name(), options.version(), clock);
        } catch (IllegalArgumentException e) {
            throw new StartException("agentcontainers.node." + e.getMessage());
        }
    }

    private NamesFence openFence(AuditedFence fence, Remembered node) throws SandboxException {
        NamesFence names = new NamesFence(fence);
        names.open(
                new FenceSettings(node.membership().agentCidr(), options.fleetCidr(), neverAllowed(node.apiServer())));
        return names;
    }

    private void limitAgents(NodeDescription description) {
        share.set(description.allocatable(), description.sharePercent());
    }

    /** Tries a request again once only: each caller tries again by itself, and says so in the log. */
    private static KubernetesClient client(Config config) {
        config.setRequestRetryBackoffLimit(1);
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    private record Ingredients(
            KubernetesClient client,
            ApiCredentials credentials,
            String namespace,
            DiskJournal journal,
            AuditTrail trail,
            Fence fence,
            EgressProxyKeeper proxy,
            AwaitedImages images,
            NodeDrivers probed,
            Map<String, IsolationDriver> drivers,
            PresentNode present) {}

    private void start(Ingredients with) {
        DiskJournal journal = with.journal();
        PolicyKeeper policy = new PolicyKeeper(with.fence(), journal);
        restore(policy);
        // Not before: what it may answer is known now.
        with.proxy().start();
        AssignmentReporter reporter = closing(new AssignmentReporter(
                with.client(),
                with.namespace(),
                with.probed()::measured,
                with.probed()::weaknesses,
                with.trail()::counts,
                timer));
        with.trail().onAgents(reporter);
        Collection<JournalEntry> known = journal.entries().values();
        Supervisor supervisor = supervise(with, journal, policy, reporter);
        with.credentials().keepFresh(with.client(), with.namespace(), timer);
        Heartbeat heartbeat = report(with, supervisor, reporter);
        PolicyWatch policies = closing(new PolicyWatch(with.client(), with.namespace(), policy, timer));
        policies.start();
        AssignmentWatch assignments = watch(with, known, supervisor, reporter);
        AgentUses uses = closing(new AgentUses(
                        supervisor::ids,
                        id -> journal.entry(id).flatMap(entry -> known(entry, with.drivers())),
                        UsageObserver.all(new UsageMeters(Metrics.globalRegistry), reporter))
                .start());
        Optional<GatewayConnection> gateway = with.credentials()
                .identity()
                .map(identity ->
                        dial(identity, new AgentStreams(supervisor, journal, with.drivers(), with.trail(), uses)));
        parts = Optional.of(
                new Parts(supervisor, policy, reporter, assignments, policies, heartbeat, with.credentials(), gateway));
        LOG.info(
                "node agent of {} is at work; {} agents of an earlier process",
                options.settings().name(),
                known.size());
    }

    private static Optional<KnownAgent> known(JournalEntry entry, Map<String, IsolationDriver> drivers) {
        Assignment assignment = entry.assignment();
        return Optional.ofNullable(drivers.get(assignment.driver().name()))
                .map(driver -> new KnownAgent(assignment.agent(), driver));
    }

    private Supervisor supervise(Ingredients with, Journal journal, PolicyKeeper policy, AssignmentReporter reporter) {
        NodeDescription description = with.present().get();
        Supervisor supervisor = closing(new Supervisor(new NodeParts(
                with.drivers(),
                with.fence(),
                policy,
                new ClusterMaterials(with.client(), with.namespace()),
                with.images(),
                journal,
                new MeteredReporter(reporter, Metrics.globalRegistry),
                description.allocatable(),
                description.mostAgents(),
                description.machine().bootId(),
                clock)));
        supervisor.start();
        return supervisor;
    }

    /** Tells the fleet that this node lives and what it is. */
    private Heartbeat report(Ingredients with, Supervisor supervisor, AssignmentReporter reporter) {
        String name = options.settings().name();
        Heartbeat heartbeat = closing(new Heartbeat(with.client(), with.namespace(), name, clock));
        heartbeat.start();
        LostMembership lost = new LostMembership(name, () -> with.credentials().joinAgain(options), onOtherMembership);
        NodeStatusReporter status = closing(new NodeStatusReporter(
                with.client(),
                name,
                with.present(),
                seen -> {
                    lost.seen();
                    compare(seen, with.present(), supervisor);
                },
                with.probed()::verify,
                () -> {
                    if (!isExpired(with.credentials())) {
                        lost.missed();
                    }
                },
                timer));
        status.start();
        with.probed().watch(() -> {
            status.look();
            reporter.sayAgain();
            supervisor.wakeAll();
        });
        return heartbeat;
    }

    /** Then being turned away says nothing of the AgentNode. */
    private boolean isExpired(ApiCredentials credentials) {
        return credentials.expires().filter(clock.instant()::isAfter).isPresent();
    }

    private void compare(Membership seen, PresentNode present, Supervisor supervisor) {
        membership.compare(seen);
        if (present.share(seen.sharePercent())) {
            supervisor.allocate(present.get().allocatable());
            limitAgents(present.get());
            LOG.info(
                    "agents may use {} % of this machine from now on",
                    present.get().sharePercent());
        }
    }

    private AssignmentWatch watch(
            Ingredients with, Collection<JournalEntry> known, Supervisor supervisor, AssignmentReporter reporter) {
        AssignmentWatch assignments = closing(new AssignmentWatch(
                with.client(),
                with.namespace(),
                known.stream().map(JournalEntry::assignment).toList(),
                supervisor::sync,
                reporter,
                timer));
        assignments.start();
        return assignments;
    }

    /** Users reach agents over a connection that this node makes and makes again; nothing waits for it. */
    private GatewayConnection dial(Supplier<NodeIdentity> identity, StreamTargets targets) {
        GatewayConnection gateway = closing(new GatewayConnection(identity, targets, clock));
        gateway.start();
        return gateway;
    }

    /**
     * Has the listener told all addresses and ranges that no policy opens on this node, whenever they become others. To be
     * called before the start.
     */
    void onNeverAllowed(Consumer<List<String>> listener) {
        onNeverAllowed = listener;
    }

    /** Addresses and ranges that no policy opens on this node; empty until it is started. */
    List<String> neverAllowed() {
        return neverAllowed;
    }

    /** Empty until it is started. */
    Optional<Parts> parts() {
        return parts;
    }

    private List<String> neverAllowed(List<String> apiServer) {
        List<String> all = new ArrayList<>(options.neverAllowed());
        all.addAll(apiServer);
        neverAllowed = List.copyOf(all);
        return neverAllowed;
    }

    private PresentNode describe(
            MachineFacts facts, Remembered node, NodeDrivers drivers, Supplier<List<String>> warnings) {
        return new PresentNode(
                facts,
                options.version(),
                MostAgents.of(node.membership().agentCidr(), options.settings().userIdCount()),
                node.membership().sharePercent(),
                options.usersPercent(),
                drivers,
                warnings);
    }

    /** A fence that does not take the last policy back keeps denying; it is tried again, as is the next revision. */
    private void restore(PolicyKeeper policy) {
        closing(new PolicyRestoration(policy).start());
    }

    private <T extends AutoCloseable> T closing(T part) {
        opened.push(part);
        return part;
    }

    /** A fence without agents guards nothing, and what it changed on the host would stay for nothing. */
    private void letGo(Fence fence) throws Exception {
        try {
            if (fence.destroyUnused()) {
                platform.proxy(options.settings()).kill();
                LOG.info("no agent is left: the fence was removed, the next start makes it anew");
            }
        } finally {
            if (fence instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }
    }

    /** Ends the node agent and leaves agents as they are, and the fence where it holds one. */
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
