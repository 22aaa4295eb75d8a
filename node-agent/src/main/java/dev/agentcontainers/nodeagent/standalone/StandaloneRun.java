package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditedFence;
import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.FenceUpkeep;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.agent.NodeUses;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.names.EgressProxyKeeper;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.names.NamesFence;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.NodeParts;
import dev.agentcontainers.nodeagent.supervisor.Supervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One agent, run from its manifest to its end on a node that exists for it alone. {@link #await} runs it and removes
 * everything of it before it returns; {@link #stop} and {@link #kill} may be called by any thread at any time.
 */
public final class StandaloneRun implements Run {
    /** What the workspaces of an agent without a limit of ephemeral-storage may take, in bytes. */
    public static final long UNASKED_STORAGE = Place.UNASKED_STORAGE;

    /** Longer than any step of a removal takes; the next run removes what is left then. */
    private static final Duration REMOVAL_PATIENCE = Duration.ofSeconds(60);

    private final RunObjects objects;
    private final Platform platform;
    private final ClosedAddresses closed;
    private final NameSettings names;
    private final ImageSettings images;
    private final RunObserver observer;
    private final BlockingQueue<AgentReport> reports = new LinkedBlockingQueue<>();
    private final Object lock = new Object();
    private Optional<Started> started = Optional.empty();
    private boolean stopping;

    private record Started(Supervisor supervisor, IsolationDriver driver, Assignment assignment) {}

    /**
     * @param neverAllowed addresses and ranges that no policy opens, an API server's for example
     * @param names how the agent's names are resolved
     * @param images where an image is kept and had from
     */
    public StandaloneRun(
            RunObjects objects,
            Platform platform,
            List<String> neverAllowed,
            NameSettings names,
            ImageSettings images,
            RunObserver observer) {
        this.objects = objects;
        this.names = names;
        this.images = images;
        this.platform = platform;
        this.closed = new ClosedAddresses(neverAllowed);
        this.observer = observer;
    }

    @Override
    public RunEnd await() throws RefusedRunException, SandboxException, IOException, InterruptedException {
        try (ClaimedPlace claimed = ClaimedPlace.claim(platform, observer::warning)) {
            NodeSettings settings = claimed.place().settings();
            try {
                makeFolders(settings);
                return run(settings, claimed.place().agentCidr());
            } finally {
                removeNode(settings);
            }
        }
    }

    static void makeFolders(NodeSettings settings) throws IOException {
        Files.createDirectories(settings.runDirectory());
        Files.createDirectories(settings.stateDirectory().getParent());
        Files.createDirectory(
                settings.stateDirectory(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Whose ids every run without root has, whatever its place. */
    public static NodeSettings rootlessSettings() {
        return new Place(0, true).settings();
    }

    /** Whose addresses every run without root has. */
    public static FenceSettings rootlessFence() {
        return new FenceSettings(new Place(0, true).agentCidr(), Place.FLEET_CIDR, List.of());
    }

    /** Folders that hold what runs of this machine have, those that were killed included. */
    public static List<Path> folders() {
        return Place.folders();
    }

    private void removeNode(NodeSettings settings) {
        try {
            new Leftovers(platform, settings).remove();
        } catch (SandboxException | IOException | RuntimeException e) {
            observer.warning("not everything of the run could be removed; the next run tries again: " + e.getMessage());
        }
    }

    private RunEnd run(NodeSettings settings, String agentCidr)
            throws RefusedRunException, SandboxException, IOException, InterruptedException {
        MachineFacts machine = platform.facts(settings);
        RunPlan plan = RunPlan.of(objects, machine, settings.name());
        plan.problems().forEach(observer::warning);
        IsolationDriver driver = driver(settings, plan.assignment());
        Fence opened = platform.fence(settings);
        CountingFence fence = new CountingFence(opened);
        Assignment.Agent agent = plan.assignment().agent();
        AuditSubject.Agent audited = new AuditSubject.Agent(agent.namespace(), agent.name(), agent.uid());
        AuditTrail trail = AuditTrail.watched(settings.name(), "", Clock.systemUTC());
        AuditedFence auditedFence = new AuditedFence(fence, trail, _ -> Optional.of(audited));
        NamesFence fenceWithNames = new NamesFence(auditedFence);
        // The trial run and the fence need nothing of each other, and both take their time.
        FutureTask<DriverProbe> probe = new FutureTask<>(driver::probe);
        Thread probing = Thread.ofPlatform().name("probe").start(probe);
        AgentImages held = AgentImages.NONE;
        try {
            if (plan.assignment().needsImages()) {
                new NodeUses(settings.stateDirectory(), settings.name()).in(images.directory());
                held = NodeImages.open(images, platform.layers(settings), settings.name(), Clock.systemUTC());
            }
            observer.progress("fence: " + agentCidr);
            closed.open(fenceWithNames, agentCidr, Place.FLEET_CIDR);
            DiskJournal journal = new DiskJournal(settings.stateDirectory().resolve("journal"));
            PolicyKeeper policy = new PolicyKeeper(fenceWithNames, journal);
            policy.apply(new PolicySnapshot(0, plan.policy()));
            requireReady(driver, result(probe), new MeasuredStrength(platform.strength(settings), machine), plan);
            NodeParts parts = new NodeParts(
                    Map.of(driver.name(), driver),
                    fenceWithNames,
                    policy,
                    new GivenMaterials(plan.sources()),
                    held,
                    journal,
                    reports::add,
                    allocatable(machine),
                    1,
                    machine.bootId(),
                    Clock.systemUTC());
            RunEnd end;
            try (FenceUpkeep upkeep = new FenceUpkeep(fenceWithNames).start();
                    EgressProxyKeeper proxy = new EgressProxyKeeper(
                                    fenceWithNames,
                                    platform.proxy(settings),
                                    names,
                                    AgentAuthorities.of(settings.stateDirectory()),
                                    auditedFence)
                            .start();
                    ShownDenials denials = ShownDenials.start(trail, observer)) {
                end = supervise(new Supervisor(parts), driver, plan.assignment());
                awaitDenials(denials, end, plan, fence.deniedPackets());
                upkeep.warnings().forEach(observer::warning);
                proxy.warnings().forEach(observer::warning);
            }
            return new RunEnd(end.exitCode(), end.problem(), fence.deniedPackets());
        } finally {
            closed.forget();
            probing.join();
            close(held);
            close(opened);
            close(driver);
            trail.close();
        }
    }

    /** Who looks for why a program has failed must find it; all others need not wait. */
    private static void awaitDenials(ShownDenials denials, RunEnd end, RunPlan plan, long deniedPackets)
            throws InterruptedException {
        boolean failed = !end.exitCode().equals(Optional.of(0));
        if (failed
                && plan.policy().groups().stream()
                        .flatMap(group -> Stream.of(
                                group.names(),
                                group.tlsNames(),
                                group.httpNames(),
                                group.httpsNames(),
                                group.budgeted()))
                        .anyMatch(names -> names != null && !names.isEmpty())) {
            denials.awaitLast(ShownDenials.NAMES_WITHIN);
        } else if (deniedPackets > 0) {
            denials.awaitLast(ShownDenials.PACKETS_WITHIN);
        }
    }

    private IsolationDriver driver(NodeSettings settings, Assignment assignment) {
        return platform.drivers(settings).stream()
                .filter(each -> each.name().equals(assignment.driver().name()))
                .findFirst()
                .orElseThrow();
    }

    private static DriverProbe result(FutureTask<DriverProbe> probe) throws InterruptedException {
        try {
            return probe.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the isolation driver could not be tried", e.getCause());
        }
    }

    private void requireReady(IsolationDriver driver, DriverProbe probe, MeasuredStrength measured, RunPlan plan)
            throws RefusedRunException {
        switch (probe) {
            case DriverProbe.Ready ready -> {
                measured.require(driver.name(), ready, plan.level());
                if (plan.asksForLevel() && !measured.isKnown(driver.name(), ready)) {
                    observer.warning(
                            "spec.isolation.minimum: how strongly driver %s isolates on this machine has not been measured: agentctl node verify does that"
                                    .formatted(driver.name()));
                }
                observer.progress("isolation: %s (%s)".formatted(driver.name(), ready.version()));
                ready.notes().forEach(observer::progress);
            }
            case DriverProbe.NotReady notReady ->
                throw new RefusedRunException("this machine can't run agents with isolation %s: %s"
                        .formatted(driver.name(), notReady.reason()));
        }
    }

    private static ResourceAmounts allocatable(MachineFacts machine) {
        return new ResourceAmounts(
                OptionalLong.of(machine.cpuMillis()),
                OptionalLong.of(machine.memoryBytes()),
                OptionalLong.of(machine.storageBytes()),
                OptionalLong.empty());
    }

    private RunEnd supervise(Supervisor supervisor, IsolationDriver driver, Assignment assignment)
            throws InterruptedException {
        try (supervisor;
                OutputFollower output = OutputFollower.start(driver.log(assignment.id()), observer, this::stop)) {
            supervisor.start();
            begin(new Started(supervisor, driver, assignment));
            RunReports seen = new RunReports(observer);
            while (!seen.isOver()) {
                seen.take(reports.take());
            }
            // The log is removed with the agent: what is in it is taken before.
            output.close();
            supervisor.sync(List.of(), List.of(assignment));
            awaitRemoval(seen);
            return seen.end();
        }
    }

    private void awaitRemoval(RunReports seen) throws InterruptedException {
        long giveUp = System.nanoTime() + REMOVAL_PATIENCE.toNanos();
        while (!seen.isRemoved()) {
            AgentReport report = reports.poll(giveUp - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (report == null) {
                return;
            }
            seen.take(report);
        }
    }

    private void begin(Started begun) {
        synchronized (lock) {
            started = Optional.of(begun);
            if (stopping) {
                reports.add(neverStarted(begun.assignment()));
            } else {
                begun.supervisor().sync(List.of(begun.assignment()), List.of());
            }
        }
    }

    private static AgentReport neverStarted(Assignment assignment) {
        return new AgentReport(
                assignment,
                AssignmentPhase.Stopped,
                "Deleted",
                "",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones.NONE);
    }

    @Override
    public void stop() {
        synchronized (lock) {
            if (!stopping) {
                stopping = true;
                started.ifPresent(run -> run.supervisor().sync(List.of(), List.of(run.assignment())));
            }
        }
    }

    @Override
    public void kill() {
        stop();
        Optional<Started> run;
        synchronized (lock) {
            run = started;
        }
        run.ifPresent(this::kill);
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) {
        try {
            closed.replace(addressesAndRanges);
        } catch (SandboxException | RuntimeException e) {
            observer.warning(
                    "the agent is killed, because addresses that must be closed to it can't be: " + e.getMessage());
            kill();
        }
    }

    private void kill(Started run) {
        // For an agent that is about to start; one that has been asked to stop is not waited for once it is killed.
        run.supervisor().sync(List.of(), List.of(withoutGrace(run.assignment())));
        try {
            run.driver().kill(run.assignment().id());
        } catch (SandboxException e) {
            observer.warning("the agent could not be killed: " + e.getMessage());
        }
    }

    private static Assignment withoutGrace(Assignment assignment) {
        return new Assignment(
                assignment.id(),
                assignment.agent(),
                assignment.generation(),
                assignment.epoch(),
                assignment.driver(),
                assignment.image(),
                assignment.command(),
                assignment.workingDirectory(),
                assignment.environment(),
                assignment.requests(),
                assignment.limits(),
                assignment.mounts(),
                assignment.restartPolicy(),
                assignment.deadline(),
                Duration.ZERO,
                assignment.probes(),
                assignment.policyGroup(),
                assignment.suspended());
    }

    private void close(Object part) {
        if (part instanceof AutoCloseable closeable) {
            try {
                closeable.close();
            } catch (Exception e) {
                observer.warning(
                        "%s did not end well: %s".formatted(part.getClass().getSimpleName(), e.getMessage()));
            }
        }
    }
}
