package dev.agentcontainers.bench.density;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.bench.SupervisedAgent;
import dev.agentcontainers.bench.drivers.SmallImage;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditedFence;
import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.egress.FenceUpkeep;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.GvisorSettings;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.RuntimeChoice;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A node agent's supervisor, driver, fence, egress proxy and record in this process, as they are shipped, without an API server:
 * assignments come from the benchmark, and its agents sleep. Removes everything of it when closed, or when the JVM is asked to
 * end. For one thread.
 */
final class DensityNode implements AutoCloseable {
    static final String NAME = "density";
    /** As the node agent names them; source: NodeNames. */
    static final String CONTROL_GROUP = "/agentcontainers-" + NAME;

    static final String PROXY_CONTROL_GROUP = "/agentproxy-" + NAME;
    static final String FENCE = "agentfence-" + NAME;

    private static final long FIRST_ID = 1_600_000_000L;
    private static final int MOST_AGENTS = 1000;
    private static final long PATIENCE_SECONDS = 120;
    static final List<String> AGENT = List.of("/bin/sleep", "infinity");

    /** With a name, so that the node has an egress proxy. */
    private static final String EGRESS = """
            [{name: data, to: [{ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}}], ports: [{port: 8080}]},
             {name: packages, to: [{domain: "*.example.org"}], ports: [{port: 443}]}]""";

    private final Way way;
    private final Path folder;
    private final NodeSettings settings;
    private final OciSettings oci;
    private final Platform platform = Platform.current();
    private final Fence bare;
    private final AuditTrail trail;
    private final OciDriver driver;
    private final FenceUpkeep upkeep;
    private final EgressProxyKeeper proxy;
    private final Supervisor supervisor;
    private final String group;
    private final BlockingQueue<AgentReport> reports = new LinkedBlockingQueue<>();
    private final List<Assignment> running = new ArrayList<>();
    private final Removal removal;

    private DensityNode(Way way, Path folder) throws IOException, SandboxException {
        this.way = way;
        this.folder = folder;
        this.settings = new NodeSettings(
                NAME,
                folder.resolve("state"),
                folder.resolve("run"),
                FIRST_ID,
                (MOST_AGENTS + 24L) * IdRange.PER_SANDBOX,
                64L << 20);
        this.oci = oci();
        this.bare = platform.fence(settings);
        this.driver = driver();
        // What an earlier benchmark left that was killed.
        for (SandboxId left : driver.list()) {
            driver.purge(left);
        }
        if (driver.probe() instanceof DriverProbe.NotReady(String reason)) {
            throw new IOException("the driver %s is not ready: %s".formatted(way, reason));
        }
        this.trail = AuditTrail.watched(NAME, "", Clock.systemUTC());
        AuditSubject.Agent subject = new AuditSubject.Agent(NAME, "agent", "agent");
        AuditedFence audited = new AuditedFence(bare, trail, _ -> Optional.of(subject));
        NamesFence fence = new NamesFence(audited);
        removal = new Removal(this::remove);
        fence.open(new FenceSettings("100.95.252.0/22", "100.80.0.0/12", List.of()));
        DiskJournal journal = new DiskJournal(settings.stateDirectory().resolve("journal"));
        PolicyKeeper policy = new PolicyKeeper(fence, journal);
        AgentNodePolicySpec.Group compiled = SupervisedAgent.policy(EGRESS);
        this.group = compiled.name();
        policy.apply(new PolicySnapshot(1, new AgentNodePolicySpec(1L, List.of(compiled))));
        this.upkeep = new FenceUpkeep(fence).start();
        this.proxy = new EgressProxyKeeper(
                        fence,
                        platform.proxy(settings),
                        NameSettings.DEFAULT,
                        AgentAuthorities.of(settings.stateDirectory()),
                        audited)
                .start();
        this.supervisor = new Supervisor(new NodeParts(
                Map.of(driver.name(), driver),
                fence,
                policy,
                SupervisedAgent.NO_MATERIAL,
                LocalImage.of(SmallImage.layer(folder)),
                journal,
                reports::add,
                SupervisedAgent.CAPACITY,
                MOST_AGENTS,
                platform.facts(settings).bootId(),
                Clock.systemUTC()));
        supervisor.start();
        supervisor.sync(List.of(), List.of());
    }

    static DensityNode open(Way way) throws IOException, SandboxException {
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        return new DensityNode(way, folder);
    }

    private OciSettings oci() {
        OciSettings usual = OciSettings.of(
                        settings.stateDirectory(),
                        settings.runDirectory().resolve("oci"),
                        CONTROL_GROUP,
                        new IdRange(settings.firstUserId(), settings.userIdCount()),
                        settings.logLimitBytes())
                .withUnaskedStorage(settings.unaskedStorageBytes());
        if (way.isGvisor()) {
            return usual.withGvisor(new GvisorSettings(way.runtime(), GvisorSettings.SYSTRAP));
        }
        if (way.machines().isPresent()) {
            return usual.withMicroVm(way.machines().get().settings().microVm());
        }
        return way.runtime().map(path -> RuntimeChoice.of(usual, path)).orElse(usual);
    }

    private OciDriver driver() {
        OciDriver process = OciDriver.process(oci);
        if (way.machines().isPresent()) {
            return process.microVm();
        }
        return way.isGvisor() ? process.gvisor() : way.hasImage() ? process.container() : process;
    }

    /** Of this node alone. */
    Path folder() {
        return folder;
    }

    OciSettings settings() {
        return oci;
    }

    int agents() {
        return supervisor.agents();
    }

    /** One agent more; nanoseconds until it runs behind its fence. */
    long start() throws InterruptedException {
        Assignment assignment = agent().assignment(group);
        List<Assignment> all = new ArrayList<>(running);
        all.add(assignment);
        long begin = System.nanoTime();
        supervisor.sync(all, List.of());
        await(Set.of(assignment.id()), AssignmentPhase.Running);
        running.add(assignment);
        return System.nanoTime() - begin;
    }

    /** Waits until machines have booted and run programs; other agents are up when they run. */
    void awaitUp() throws SandboxException, IOException, InterruptedException {
        for (Assignment each : way.machines().isPresent() ? running : List.<Assignment>of()) {
            try (ExecSession up = driver.exec(each.id(), new ExecRequest(List.of("/bin/true"), false, false))) {
                int code = up.awaitExit();
                if (code != 0) {
                    throw new IOException("an agent that runs has no program true: it ended with " + code);
                }
            }
        }
    }

    /** Deletes all of them at once; nanoseconds until nothing is left of any. */
    long deleteAll() throws InterruptedException {
        Set<SandboxId> ids = new HashSet<>();
        running.forEach(each -> ids.add(each.id()));
        long begin = System.nanoTime();
        supervisor.sync(List.of(), running);
        await(ids, AssignmentPhase.Stopped);
        long nanos = System.nanoTime() - begin;
        running.clear();
        supervisor.sync(List.of(), List.of());
        return nanos;
    }

    private void await(Set<SandboxId> ids, AssignmentPhase phase) throws InterruptedException {
        Set<SandboxId> awaited = new HashSet<>(ids);
        while (!awaited.isEmpty()) {
            AgentReport report = reports.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (report == null) {
                throw new IllegalStateException(
                        "%d agents are not %s within %d s".formatted(awaited.size(), phase, PATIENCE_SECONDS));
            }
            SandboxId id = report.assignment().id();
            if (report.phase() == AssignmentPhase.Failed || report.phase() == AssignmentPhase.Rejected) {
                throw new IllegalStateException("sandbox " + id + ": " + report.reason() + ": " + report.message());
            }
            if (report.phase() == phase) {
                awaited.remove(id);
            }
        }
    }

    private SupervisedAgent agent() {
        return new SupervisedAgent(
                NAME,
                new Assignment.Driver(way.driver(), driver.name(), Map.of()),
                way.hasImage()
                        ? Optional.of(new Assignment.Image(
                                "registry.invalid/density:1", Optional.empty(), List.of(), List.of()))
                        : Optional.empty(),
                AGENT);
    }

    @Override
    public void close() {
        removal.close();
    }

    private void remove() {
        try {
            supervisor.close();
            for (SandboxId id : driver.list()) {
                driver.purge(id);
            }
            upkeep.close();
            proxy.close();
            bare.destroy();
            if (bare instanceof AutoCloseable closeable) {
                closeable.close();
            }
            trail.close();
            driver.close();
            driver.forget();
            platform.forget(settings);
            DeepDeletion.delete(folder);
        } catch (Exception e) {
            System.err.println("bench: not everything could be removed of " + folder + ": " + e.getMessage());
        }
    }
}
