package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.authority.SystemStores;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.LiveLimits;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.identity.IdRanges;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.LinuxHostTree;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RememberedHostTree;
import dev.agentcontainers.nodeagent.linux.rootfs.SpecialFiles;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.linux.storage.Ext4Images;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices;
import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Division;
import dev.agentcontainers.nodeagent.linux.storage.StorageLimit;
import dev.agentcontainers.nodeagent.linux.storage.StorageRefusedException;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceTemplates;
import dev.agentcontainers.nodeagent.linux.tap.TapLink;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Agents in namespaces of their own, over the host's root (the driver {@code process}) or an image's (the driver {@code
 * container}), over gVisor's kernel in place of the host's (the driver {@code gvisor}), and in a virtual machine with a kernel of
 * its own (the driver {@code microvm}), which is confined as an agent is: the isolation is an OCI runtime's and QEMU's, the
 * supervision conmon's, so that agents outlive this process. All its knowledge is on the machine. The drivers of a node share
 * what they know: each finds and removes sandboxes of the others as well. Thread-safe.
 */
public final class OciDriver implements IsolationDriver, AutoCloseable {
    private final DriverKind kind;
    private final OciSettings settings;
    private final ProcessCalls processes;
    private final DescriptorCalls descriptors;
    private final HandoverCalls handovers;
    private final Readiness readiness;
    private final Mounts mounts;
    private final LoopDevices loopDevices;
    private final Ext4Images images;
    private final WorkspaceTemplates templates;
    private final SpecialFiles specialFiles;
    private final RememberedHostTree hostTree;
    private final AgentAuthorities authorities;
    private final SystemStores stores;
    private final SandboxCgroups cgroups;
    private final SandboxRuns runs;
    private final IdRanges ids;
    private final Set<SandboxId> trials;

    /** The driver of agents over the host's root. */
    public static OciDriver process(OciSettings settings) {
        return process(settings, ProcessCalls.ofThisMachine(), Mounts.ofThisMachine(), LoopDevices.ofThisMachine());
    }

    static OciDriver process(OciSettings settings, ProcessCalls processes, Mounts mounts, LoopDevices loopDevices) {
        return new OciDriver(settings, processes, mounts, loopDevices);
    }

    private OciDriver(OciSettings settings, ProcessCalls processes, Mounts mounts, LoopDevices loopDevices) {
        this.kind = DriverKind.PROCESS;
        this.settings = settings;
        this.descriptors = DescriptorCalls.ofThisMachine();
        this.handovers = HandoverCalls.ofThisMachine();
        this.hostTree = new RememberedHostTree(new LinuxHostTree(), Clock.systemUTC());
        this.trials = ConcurrentHashMap.newKeySet();
        this.processes = processes;
        this.mounts = mounts;
        this.loopDevices = loopDevices;
        this.readiness = new Readiness(processes, descriptors);
        this.images = new Ext4Images(loopDevices);
        try {
            this.cgroups = new SandboxCgroups(
                    settings.rootless() ? Hierarchies.NONE : Hierarchies.of(MountTable.ofThisThread()),
                    settings.cgroupParent(),
                    processes,
                    descriptors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.runs = new SandboxRuns(cgroups, processes, descriptors, readiness);
        this.templates = new WorkspaceTemplates(settings.stateDirectory().resolve("workspaces"), images);
        this.specialFiles = new SpecialFiles(settings.hostRoot().shown());
        this.authorities = AgentAuthorities.of(settings.stateDirectory());
        this.stores = new SystemStores(settings.stateDirectory().resolve("stores"));
        this.ids = new IdRanges(SandboxFiles.sandboxes(settings), settings.ids());
    }

    private OciDriver(OciDriver other, DriverKind kind) {
        this.kind = kind;
        this.settings = other.settings;
        this.processes = other.processes;
        this.descriptors = other.descriptors;
        this.handovers = other.handovers;
        this.readiness = other.readiness;
        this.mounts = other.mounts;
        this.loopDevices = other.loopDevices;
        this.images = other.images;
        this.templates = other.templates;
        this.specialFiles = other.specialFiles;
        this.hostTree = other.hostTree;
        this.authorities = other.authorities;
        this.stores = other.stores;
        this.cgroups = other.cgroups;
        this.runs = other.runs;
        this.ids = other.ids;
        this.trials = other.trials;
    }

    /** The driver of agents from images on the same node. */
    public OciDriver container() {
        return new OciDriver(this, DriverKind.CONTAINER);
    }

    /** The driver of agents from images on the same node whose system calls gVisor answers. */
    public OciDriver gvisor() {
        return new OciDriver(this, DriverKind.GVISOR);
    }

    /** The driver of agents from images on the same node that have a virtual machine of their own. */
    public OciDriver microVm() {
        return new OciDriver(this, DriverKind.MICROVM);
    }

    @Override
    public String name() {
        return kind.driver();
    }

    @Override
    public DriverProbe probe() {
        DriverProbe probe = new LaunchProbe(
                        this, kind, settings, cgroups.hierarchies(), !settings.rootless() && images.available())
                .probe();
        if (probe instanceof DriverProbe.Ready ready && ready.features().contains(DriverFeature.EPHEMERAL_STORAGE)) {
            settings.unaskedStorage().ifPresent(templates::expect);
        }
        if (probe instanceof DriverProbe.Ready) {
            authorities.expect();
            stores.expect();
        }
        return probe;
    }

    @Override
    public ResourceAmounts overhead() {
        return kind.overhead();
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) throws SandboxException, IOException, InterruptedException {
        trials.add(id);
        try {
            trial.run();
        } finally {
            // Interrupted or not: it must go.
            boolean interrupted = Thread.interrupted();
            try {
                purge(id);
            } finally {
                trials.remove(id);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    @Override
    public void prepare(SandboxSpec spec) throws SandboxException {
        refuseParameters(spec);
        kind.require(spec.root());
        switch (kind) {
            case PROCESS, CONTAINER -> {}
            case GVISOR -> GvisorLimits.require(spec);
            case MICROVM -> MicroVmLimits.require(spec);
        }
        if (settings.rootless()) {
            attempt(Step.PREPARE, spec.id(), () -> {
                RootlessLimits.require(spec);
                return true;
            });
        }
        refuseHostDirectories(spec);
        refuseImages(spec);
        Division division = division(spec);
        for (StorageLimit limit : division.parts().values()) {
            refuseUnenforceable(limit);
        }
        if (division.shared().isPresent()) {
            refuseUnenforceable(division.shared().get());
        }
        cgroups.expectMoves();
        attempt(Step.PREPARE, spec.id(), () -> {
            InheritedLimits.require(spec.limits());
            if (kind == DriverKind.MICROVM) {
                MicroVmLimits.requireOpenFiles(spec.limits(), InheritedLimits.files(OptionalLong.empty()));
            }
            diskRates().require(spec);
            ensureDirectories();
            PrivateFiles.makeDirectory(files(spec.id()).directory());
            ids.of(spec.id().value());
            try {
                storage(spec.id()).prepare(division);
            } catch (StorageRefusedException e) {
                throw new SandboxException(
                        Step.PREPARE, Kind.UNSUPPORTED, StorageDivision.FIELD + " " + e.getMessage(), e);
            }
            return true;
        });
    }

    DiskRates diskRates() {
        return new DiskRates(cgroups, settings);
    }

    private void refuseHostDirectories(SandboxSpec spec) throws SandboxException {
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.HostDirectory(String path, String source, boolean writable)) {
                Optional<String> refusal = hostFolders(settings).refusal(source, writable);
                if (refusal.isPresent()) {
                    throw new SandboxException(
                            Step.PREPARE,
                            Kind.UNSUPPORTED,
                            "spec.filesystem.mounts: hostPath of '" + path + "': " + refusal.get());
                }
            }
        }
    }

    /** The driver of the node's own programs runs on older kernels too. */
    private static void refuseImages(SandboxSpec spec) throws SandboxException {
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.ImageFiles) {
                Optional<String> lack =
                        attempt(Step.PREPARE, spec.id(), () -> LaunchProbe.lackForImages(LaunchProbe.kernel()));
                if (lack.isPresent()) {
                    throw new SandboxException(
                            Step.PREPARE,
                            Kind.UNSUPPORTED,
                            "spec.filesystem.mounts: image of '" + mount.path() + "': " + lack.get());
                }
            }
        }
    }

    /** Never the node agent's own. */
    static HostFolders hostFolders(OciSettings settings) {
        return settings.hostRoot().folders().without(List.of(settings.stateDirectory(), settings.runDirectory()));
    }

    /** What an administrator asks for must not be passed over. */
    private void refuseParameters(SandboxSpec spec) throws SandboxException {
        if (!spec.driverParameters().isEmpty()) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.UNSUPPORTED,
                    "the agent's IsolationClass sets spec.parameters "
                            + String.join(
                                    ", ", new TreeSet<>(spec.driverParameters().keySet()))
                            + "; the driver " + name() + " has none: use an IsolationClass without them");
        }
    }

    private void refuseUnenforceable(StorageLimit limit) throws SandboxException {
        if (settings.rootless() || !images.available()) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.UNSUPPORTED,
                    limit.reserved()
                            ? StorageDivision.FIELD + " can't be enforced on this node: it lacks " + Ext4Images.needs()
                            : "what agents write can't be kept to the " + limit.bytes()
                                    + " bytes that this node's setting"
                                    + " agentcontainers.node.unasked-storage allows: it lacks " + Ext4Images.needs()
                                    + "; with 0 agents without a limit may fill the disk");
        }
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) throws SandboxException {
        SandboxFiles files = files(spec.id());
        switch (state(spec.id())) {
            case SandboxState.Created created -> {
                return created.network();
            }
            case SandboxState.Running running -> {
                return running.network();
            }
            case SandboxState.Broken _, SandboxState.Exited _ -> remove(spec.id());
            case SandboxState.Absent _ -> {}
        }
        try {
            return attempt(Step.CREATE, spec.id(), () -> {
                IdRange range = ids.of(spec.id().value());
                RunRecord record = creation().create(spec, files, range, allocation(spec), surroundings(spec.id()));
                return new NetworkAttachment(record.agent().pid());
            });
        } catch (SandboxException e) {
            removeAfter(e, spec.id());
            throw e;
        }
    }

    SandboxCreation creation() throws IOException, SandboxException {
        return new SandboxCreation(kind, settings, cgroups, shim(), mounts, hostTree, stores, machine());
    }

    private Optional<SandboxCreation.Machine> machine() throws SandboxException {
        if (kind != DriverKind.MICROVM) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SandboxCreation.Machine(
                    MicroVmParts.of(settings.microVm()), settings.microVm().accelerator()));
        } catch (Tools.MissingException e) {
            throw missing(e);
        }
    }

    SandboxCreation.Surroundings surroundings(SandboxId id) throws IOException, InterruptedException {
        return new SandboxCreation.Surroundings(
                hostRoot(id), LaunchProbe.isTrial(id) ? Optional.empty() : Optional.of(authorities.place(id)));
    }

    /** A trial run, whose program is the host's own, does not wait until the host's sockets are looked for. */
    HostRoot hostRoot(SandboxId id) throws IOException, InterruptedException {
        return LaunchProbe.isTrial(id)
                ? settings.hostRoot()
                : settings.hostRoot().without(specialFiles.found());
    }

    private void removeAfter(SandboxException failure, SandboxId id) {
        try {
            remove(id);
        } catch (SandboxException e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public void start(SandboxId id) throws SandboxException {
        switch (state(id)) {
            case SandboxState.Created _ ->
                attempt(Step.START, id, () -> {
                    runStart(id);
                    Files.writeString(files(id).started(), "");
                    return true;
                });
            case SandboxState.Running _, SandboxState.Exited _ -> {}
            case SandboxState.Absent _ ->
                throw new SandboxException(Step.START, Kind.TRANSIENT, "sandbox " + id + " does not exist");
            case SandboxState.Broken broken ->
                throw new SandboxException(
                        Step.START, Kind.TRANSIENT, "sandbox " + id + " is broken: " + broken.what());
        }
    }

    /** With crun and runc a pipe says whether the agent was begun; with runsc that is not known of a start that was cut short. */
    private void runStart(SandboxId id) throws IOException, InterruptedException, SandboxException {
        RunRecord record = record(id);
        long shim = record.shim().pid();
        RuntimeCommand runtime = runtime();
        List<String> command = List.of("start", id.value());
        if (kind == DriverKind.GVISOR) {
            GvisorStart start = new GvisorStart(files(id), runs, record);
            start.by(() -> runtime.run(files(id), shim, command));
        } else {
            if (kind == DriverKind.MICROVM) {
                new TapLink().make(record.agent().pid(), monitorOf(id, shim));
            }
            if (Files.exists(files(id).session())) {
                new SessionBus(new Companion(runtime, files(id), shim))
                        .start(Files.readString(files(id).session()));
            }
            if (Files.exists(files(id).display())) {
                new SessionDisplay(runtime, files(id), shim)
                        .start(Files.readString(files(id).display()));
            }
            runtime.run(files(id), shim, command);
        }
    }

    /** The host's user that runs the sandbox's virtual machine. */
    private long monitorOf(SandboxId id, long shim) throws IOException, InterruptedException {
        Path machine = SandboxFiles.through(shim, files(id).machine());
        return ids.of(id.value()).first() + MicroVmConfiguration.read(machine).user();
    }

    @Override
    public void update(SandboxSpec spec) throws SandboxException {
        OptionalLong asked = spec.limits().ephemeralStorageBytes();
        attempt(Step.OBSERVE, spec.id(), () -> {
            OptionalLong limit = asked.isPresent() ? sharedLimit(spec) : asked;
            // One that is no longer asked for stays in force; where nothing shares it, it limits nothing.
            if (limit.isPresent() && !storage(spec.id()).sharedLimit().equals(limit)) {
                throw new SandboxException(
                        Step.OBSERVE,
                        Kind.UNSUPPORTED,
                        StorageDivision.FIELD + " can't be changed while the sandbox exists; all other limits can");
            }
            new LiveLimits(cgroups).apply(spec.id().value(), onTheHost(spec), spec.requests());
            return true;
        });
    }

    /** The limits that the control groups of a sandbox that exists are to have. */
    private ResourceAmounts onTheHost(SandboxSpec spec) throws IOException, SandboxException {
        if (kind == DriverKind.GVISOR) {
            Path bundle = SandboxFiles.through(
                    record(spec.id()).shim().pid(), files(spec.id()).bundle());
            GvisorLimits.requireSame(spec.limits().pids(), bundle.resolve("config.json"));
        } else if (kind == DriverKind.MICROVM) {
            Path machine = SandboxFiles.through(
                    record(spec.id()).shim().pid(), files(spec.id()).machine());
            MicroVmLimits.requireSame(spec.limits(), MicroVmConfiguration.read(machine));
        }
        return kind.onTheHost(spec.limits());
    }

    @Override
    public SandboxState state(SandboxId id) throws SandboxException {
        SandboxState state = attempt(Step.OBSERVE, id, () -> runs.state(files(id)));
        return state instanceof SandboxState.Exited(ExitStatus exit)
                ? new SandboxState.Exited(havingUse(id, exit))
                : state;
    }

    @Override
    public ExitStatus awaitExit(SandboxId id) throws SandboxException, InterruptedException {
        try {
            return havingUse(id, runs.awaitExit(files(id)));
        } catch (IOException e) {
            throw transientFailure(Step.OBSERVE, id, e);
        }
    }

    @Override
    public void terminate(SandboxId id) throws SandboxException {
        attempt(Step.STOP, id, () -> {
            runs.signal(files(id), ProcessCalls.SIGTERM);
            return true;
        });
    }

    @Override
    public void kill(SandboxId id) throws SandboxException {
        attempt(Step.STOP, id, () -> {
            runs.signal(files(id), ProcessCalls.SIGKILL);
            return true;
        });
    }

    @Override
    public void remove(SandboxId id) throws SandboxException {
        attempt(Step.REMOVE, id, () -> {
            runs.remove(files(id));
            storage(id).deleteRootChanges();
            return true;
        });
    }

    @Override
    public void purge(SandboxId id) throws SandboxException {
        remove(id);
        attempt(Step.REMOVE, id, () -> {
            storage(id).delete();
            authorities.remove(id);
            Files.deleteIfExists(files(id).log());
            // Only when nothing has its ids any more.
            ids.release(id.value());
            Files.deleteIfExists(files(id).directory().resolve("identity.draft"));
            Files.deleteIfExists(files(id).directory());
            return true;
        });
    }

    @Override
    public Set<SandboxId> list() throws SandboxException {
        try {
            Set<SandboxId> found = new HashSet<>();
            for (String name : cgroups.sandboxes()) {
                found.add(new SandboxId(name));
            }
            try (DirectoryStream<Path> directories = Files.newDirectoryStream(SandboxFiles.sandboxes(settings))) {
                directories.forEach(directory ->
                        found.add(new SandboxId(directory.getFileName().toString())));
            } catch (NoSuchFileException e) {
                // No sandbox was ever prepared here.
            }
            // After they were looked for: one that has ended meanwhile is a leftover without anything left.
            found.removeAll(trials);
            return found;
        } catch (IOException e) {
            throw new SandboxException(
                    Step.OBSERVE, Kind.TRANSIENT, "the sandboxes of this node can't be listed: " + e.getMessage(), e);
        }
    }

    @Override
    public Path log(SandboxId id) {
        return files(id).log();
    }

    @Override
    public Optional<SandboxStats> stats(SandboxId id) throws SandboxException {
        return attempt(Step.OBSERVE, id, () -> runStats().of(files(id), storage(id)));
    }

    private RunStats runStats() {
        return new RunStats(kind, cgroups, Clock.systemUTC());
    }

    /** How a run ended counts, whether it can be told what it used or not. */
    private ExitStatus havingUse(SandboxId id, ExitStatus exit) {
        try {
            return exit.having(runStats().ofEnded(files(id), exit.finishedAt(), storage(id)));
        } catch (IOException | UncheckedIOException e) {
            return exit;
        }
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException {
        return attempt(Step.EXEC, id, () -> {
            if (!(runs.state(files(id)) instanceof SandboxState.Running)) {
                throw new SandboxException(Step.EXEC, Kind.TRANSIENT, "the agent does not run");
            }
            return RuntimeExecSession.start(
                    runtime(), files(id), record(id).shim().pid(), request);
        });
    }

    @Override
    public ByteChannel display(SandboxId id) throws SandboxException {
        return attempt(Step.EXEC, id, () -> {
            if (!(runs.state(files(id)) instanceof SandboxState.Running)) {
                throw new SandboxException(Step.EXEC, Kind.TRANSIENT, "the agent does not run");
            }
            if (!Files.exists(files(id).display())) {
                throw new SandboxException(
                        Step.EXEC, Kind.INVALID_SPEC, "the agent has no display: it has one with spec.session.display");
            }
            ProcessIdentity shim = record(id).shim();
            return new SessionDisplay(runtime(), files(id), shim.pid()).connect(shim::isAlive);
        });
    }

    @Override
    public Optional<KeptFiles> keptFiles() {
        return Optional.of(new StoredFiles(this, settings, mounts, ids));
    }

    /** Leaves the agents, and begins nothing more in the background. */
    @Override
    public void close() throws IOException {
        authorities.close();
    }

    /** Keeps all sandboxes together to these limits. */
    public void limitAll(ResourceAmounts limits) throws IOException {
        new LiveLimits(cgroups).applyToAll(limits);
    }

    /** Removes what the driver keeps for the node as a whole, once no sandbox is left. */
    public void forget() throws IOException {
        cgroups.removeParent();
        templates.remove();
        authorities.removeAll();
        stores.remove();
        DeepDeletion.delete(LaunchProbe.trialFolder(settings));
        Files.deleteIfExists(settings.runDirectory().resolve("private"));
        Files.deleteIfExists(settings.runDirectory());
        Files.deleteIfExists(SandboxFiles.sandboxes(settings));
        Files.deleteIfExists(settings.stateDirectory().resolve("identity.lock"));
    }

    private RunRecord record(SandboxId id) throws IOException {
        return runs.record(files(id)).orElseThrow(() -> new IOException("sandbox " + id + " was removed"));
    }

    private SandboxFiles files(SandboxId id) {
        return new SandboxFiles(settings, id);
    }

    SandboxStorage storage(SandboxId id) {
        return new SandboxStorage(
                files(id).directory(), folder -> new WorkspaceStore(folder, loopDevices, images, templates));
    }

    private Division division(SandboxSpec spec) throws SandboxException {
        return StorageDivision.of(spec, settings.unaskedStorage());
    }

    private OptionalLong sharedLimit(SandboxSpec spec) throws SandboxException {
        return division(spec)
                .shared()
                .map(limit -> OptionalLong.of(limit.bytes()))
                .orElse(OptionalLong.empty());
    }

    SandboxCreation.Allocation allocation(SandboxSpec spec) throws SandboxException {
        return new SandboxCreation.Allocation(storage(spec.id()), division(spec));
    }

    private Tools tools() throws SandboxException {
        try {
            return Tools.of(kind, settings);
        } catch (Tools.MissingException e) {
            throw missing(e);
        }
    }

    private static SandboxException missing(Tools.MissingException e) {
        return new SandboxException(
                Step.CREATE,
                Kind.UNSUPPORTED,
                Optional.ofNullable(e.getMessage()).orElse(""),
                e);
    }

    private Shim shim() throws SandboxException {
        return new Shim(tools(), settings, processes, descriptors);
    }

    private RuntimeCommand runtime() throws SandboxException {
        return new RuntimeCommand(
                tools(), shim(), processes, descriptors, handovers, readiness, mounts, settings.patience());
    }

    private void ensureDirectories() throws IOException {
        if (!Files.isDirectory(settings.stateDirectory())) {
            PrivateFiles.makeDirectory(settings.stateDirectory());
        }
        PrivateFiles.makeDirectory(SandboxFiles.sandboxes(settings));
    }

    private interface Action<T> {
        T run() throws IOException, InterruptedException, SandboxException;
    }

    private static <T> T attempt(Step step, SandboxId id, Action<T> action) throws SandboxException {
        try {
            return action.run();
        } catch (IOException e) {
            throw transientFailure(step, id, e);
        } catch (UncheckedIOException e) {
            throw transientFailure(step, id, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw transientFailure(step, id, e);
        }
    }

    private static SandboxException transientFailure(Step step, SandboxId id, Exception cause) {
        String message = cause instanceof InterruptedException ? "interrupted" : String.valueOf(cause.getMessage());
        return new SandboxException(step, Kind.TRANSIENT, "sandbox " + id + ": " + message, cause);
    }
}
