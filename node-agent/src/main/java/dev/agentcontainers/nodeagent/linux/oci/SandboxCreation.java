package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.authority.SystemStores;
import dev.agentcontainers.nodeagent.authority.TrustFolder;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.IdMapping;
import dev.agentcontainers.nodeagent.linux.image.OverlayCalls;
import dev.agentcontainers.nodeagent.linux.landlock.FileFence;
import dev.agentcontainers.nodeagent.linux.landlock.Landlock;
import dev.agentcontainers.nodeagent.linux.namespace.UserNamespace;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RememberedHostTree;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices.Writing;
import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.platform.EnterableDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.protocol.names.NameServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Creates containers. Everything of one that is in the filesystem (bundle, root, runtime's state, secrets) exists only in
 * a mount namespace that its shim keeps: in memory, unseen by the host, and gone with the shim.
 */
final class SandboxCreation {
    /** The same for every agent and of nothing that the node has: names may be allowed to it while it runs. */
    private static final String RESOLVERS = "nameserver " + NameServer.ADDRESS + "\n";

    private static final long TEMPORARY_WITHOUT_LIMIT = 512L << 20;

    private final DriverKind kind;
    private final OciSettings settings;
    private final SandboxCgroups cgroups;
    private final Shim shim;
    private final Mounts mounts;
    private final RememberedHostTree hostTree;
    private final SystemStores stores;
    private final Optional<Machine> machine;
    private final OverlayCalls overlay = OverlayCalls.ofThisMachine();
    private final boolean swapAccounted;

    /**
     * @param stores of whom the machine trusts, as agents see them
     * @param machine that agents run in; empty where they run on this one
     */
    SandboxCreation(
            DriverKind kind,
            OciSettings settings,
            SandboxCgroups cgroups,
            Shim shim,
            Mounts mounts,
            RememberedHostTree hostTree,
            SystemStores stores,
            Optional<Machine> machine)
            throws IOException {
        this.kind = kind;
        this.settings = settings;
        this.hostTree = hostTree;
        this.stores = stores;
        this.machine = machine;
        this.cgroups = cgroups;
        this.shim = shim;
        this.mounts = mounts;
        this.swapAccounted = isSwapAccounted();
    }

    /**
     * What a sandbox sees that its specification does not say.
     *
     * @param hostRoot of the host
     * @param trust folder that says whom to trust; a trial run has none
     */
    record Surroundings(HostRoot hostRoot, Optional<Path> trust) {}

    /** What virtual machines are made of, and whose processors they have. */
    record Machine(MicroVmParts parts, Accelerator accelerator) {}

    /** A sandbox's part of the disk, and how it is divided. */
    record Allocation(SandboxStorage storage, SandboxStorage.Division division) {}

    /** Creates the container of a sandbox of which no run exists. */
    RunRecord create(
            SandboxSpec spec, SandboxFiles paths, IdRange ids, Allocation allocation, Surroundings surroundings)
            throws IOException, SandboxException {
        PrivateFiles.makeDirectory(paths.run());
        List<Path> shimGroups = cgroups.prepareShim(spec.id().value());
        preparePrivateMount(paths);
        Created created;
        try (UserNamespace users = userNamespace(spec, ids, paths);
                AgentRoot root = root(spec, users, surroundings)) {
            created = create(spec, paths, ids, allocation, surroundings, users, root, shimGroups);
        }
        long agent = switch (created) {
            case Created.Agent(long pid) -> pid;
            case Created.Refused(SandboxException why) -> throw why;
        };
        if (spec.runtimeDirectory().isPresent()) {
            Files.writeString(paths.session(), spec.runtimeDirectory().get());
        }
        if (spec.screen().isPresent()) {
            Files.writeString(
                    paths.display(), SessionDisplay.written(spec.screen().get()));
        }
        RunRecord record =
                new RunRecord(RunRecord.currentBoot(), alive(agent), alive(SandboxRuns.pidIn(paths.shimPid())));
        record.write(paths.record());
        return record;
    }

    /** Where no control group limits the sandbox's tasks, its user namespace does. */
    private UserNamespace userNamespace(SandboxSpec spec, IdRange ids, SandboxFiles paths) throws IOException {
        OptionalLong tasks =
                cgroups.areThere() ? OptionalLong.empty() : spec.limits().pids();
        return UserNamespace.of(shim.processes(), shim.descriptors(), ids, tasks, paths.run());
    }

    private Created create(
            SandboxSpec spec,
            SandboxFiles paths,
            IdRange ids,
            Allocation allocation,
            Surroundings surroundings,
            UserNamespace users,
            AgentRoot root,
            List<Path> shimGroups)
            throws IOException {
        return new MountNamespace(mounts).inNew(() -> {
            new RootfsBuilder(mounts).mountMemory(paths.privateMount(), "mode=0711");
            Files.createDirectory(paths.bundle());
            try (ShimLaunch launch =
                    shim.launch(paths, openFiles(spec), cgroups.mark(spec.id().value()))) {
                make(root, spec, paths, ids, allocation, surroundings, users);
                // Before it has any child: everything of the sandbox is in its groups from the beginning.
                launch.move(shimGroups);
                hideUnifiedHierarchy();
                return new Created.Agent(launch.create());
            } catch (SandboxException e) {
                return new Created.Refused(e);
            }
        });
    }

    /** Over a kernel of its own the agent has what that is told, and what the host sees are that kernel's. */
    private long openFiles(SandboxSpec spec) throws IOException {
        return InheritedLimits.files(kind.sharesKernel() ? spec.limits().openFiles() : OptionalLong.empty());
    }

    /** What a thread in the sandbox's mount namespace has come to. */
    private sealed interface Created {
        record Agent(long pid) implements Created {}

        record Refused(SandboxException why) implements Created {}
    }

    /** Of what a sandbox's root will be made; to be called before its mount namespace is. */
    AgentRoot root(SandboxSpec spec, UserNamespace users, Surroundings surroundings) throws IOException {
        return switch (spec.root()) {
            case SandboxRoot.Host _ -> hostRoot(spec, users, surroundings);
            case SandboxRoot.Image image -> {
                AgentRoot own = new ImageAgentRoot(
                        mounts,
                        overlay,
                        mapping(users),
                        image,
                        new Replacements(ownFiles(spec), trust(surroundings)),
                        OciDriver.hostFolders(settings));
                yield machine.isPresent()
                        ? new MicroVmRoot(mounts, own, planner(surroundings), machine.get(), settings.confinement())
                        : own;
            }
        };
    }

    private HostAgentRoot hostRoot(SandboxSpec spec, UserNamespace users, Surroundings surroundings)
            throws IOException {
        Map<String, String> folders = trust(surroundings);
        if (!folders.isEmpty()) {
            folders.putAll(stores.shown());
        }
        RootfsPlanner planner = planner(surroundings);
        boolean mountsImages = spec.mounts().stream().anyMatch(ResolvedMount.ImageFiles.class::isInstance);
        return new HostAgentRoot(
                mounts,
                overlay,
                planner,
                new Replacements(ownFiles(spec), folders),
                OciDriver.hostFolders(settings),
                mountsImages ? Optional.of(mapping(users)) : Optional.empty(),
                fence());
    }

    /** Of what the host has mounted now, without what will be mounted for the sandbox and what is the node agent's own. */
    private RootfsPlanner planner(Surroundings surroundings) throws IOException {
        HostRoot withoutOwn = surroundings
                .hostRoot()
                .without(List.of(
                        settings.stateDirectory().toString(),
                        settings.runDirectory().toString()));
        return new RootfsPlanner(hostTree.now(), MountTable.ofThisThread(), withoutOwn);
    }

    /** Restricted, nothing could mount: the tests of other barriers do. */
    private Optional<FileFence> fence() throws IOException {
        return switch (settings.confinement()) {
            case NONE_FOR_TESTS -> Optional.empty();
            case SHIPPED ->
                switch (Landlock.ofThisKernel()) {
                    case Landlock.Available(int version) -> Optional.of(new FileFence(version));
                    case Landlock.Missing _ -> Optional.empty();
                };
        };
    }

    private IdMapping mapping(UserNamespace users) throws IOException {
        return settings.rootless() ? IdMapping.none(overlay) : IdMapping.of(overlay, users);
    }

    private static Map<String, String> trust(Surroundings surroundings) {
        Map<String, String> folders = new TreeMap<>();
        surroundings.trust().ifPresent(folder -> folders.put(TrustFolder.PATH, folder.toString()));
        return folders;
    }

    /** Makes the sandbox's files in the calling thread's mount namespace, which is the sandbox's. */
    void make(
            AgentRoot root,
            SandboxSpec spec,
            SandboxFiles paths,
            IdRange ids,
            Allocation allocation,
            Surroundings surroundings,
            UserNamespace users)
            throws IOException, SandboxException {
        Files.createDirectory(paths.root());
        Files.createDirectory(paths.storage());
        Files.createDirectory(paths.runtimeState());
        Opened storage = allocation
                .storage()
                .open(
                        paths.storage(),
                        allocation.division(),
                        // Otherwise the rate would not hold: the kernel would write in the name of the node agent.
                        spec.limits().diskWriteRate().isPresent() ? Writing.DIRECT : Writing.CACHED);
        AgentRoot.Made made = root.make(spec, paths, ids, storage);
        Files.write(paths.bundle().resolve("config.json"), bundle(made, spec, paths, ids, surroundings, users));
    }

    static RootfsBuilder.Parameters parameters(
            SandboxSpec spec,
            Opened storage,
            HostFolders hostFolders,
            RootfsBuilder.ImageVolumes images,
            IdRange ids,
            RunAs runAs) {
        long owner = ids.first() + runAs.user();
        return new RootfsBuilder.Parameters(
                path -> place(storage, path, owner),
                hostFolders,
                images,
                owner,
                temporaryBytes(spec),
                spec.limits().memoryBytes().orElse(Long.MAX_VALUE));
    }

    private byte[] bundle(
            AgentRoot.Made made,
            SandboxSpec spec,
            SandboxFiles paths,
            IdRange ids,
            Surroundings surroundings,
            UserNamespace users)
            throws IOException {
        return new BundleConfiguration(
                        spec,
                        ids,
                        users.path().toString(),
                        made,
                        kind,
                        cgroups.areThere()
                                ? Optional.of(cgroups.pathFor(spec.id().value()))
                                : Optional.empty(),
                        settings.confinement(),
                        surroundings.trust().isPresent() ? TrustFolder.variables() : Map.of(),
                        cgroups.mostQuota(),
                        swapAccounted,
                        new DiskRates(cgroups, settings).disks(spec))
                .toJson();
    }

    private static Map<String, String> ownFiles(SandboxSpec spec) {
        String machineId = UUID.nameUUIDFromBytes(spec.id().value().getBytes(UTF_8))
                .toString()
                .replace("-", "");
        return Map.of(
                "/etc/hostname", spec.hostname() + "\n",
                "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 " + spec.hostname() + "\n",
                "/etc/resolv.conf", RESOLVERS,
                "/etc/machine-id", machineId + "\n");
    }

    void preparePrivateMount(SandboxFiles paths) throws IOException {
        EnterableDirectory.make(settings.runDirectory());
        EnterableDirectory.make(paths.privateMount());
    }

    /** crun 1.8 refuses machines that have a version 2 hierarchy beside version 1: here it sees only version 1. */
    void hideUnifiedHierarchy() throws IOException {
        Hierarchies hierarchies = cgroups.hierarchies();
        if (hierarchies.mode() == Hierarchies.Mode.HYBRID) {
            Path unified = hierarchies.unified().orElseThrow().mountPoint();
            Shim.check("unmount " + unified, mounts.unmount(unified.toString(), Mounts.MNT_DETACH));
        }
    }

    private static Path place(Opened storage, String path, long owner) {
        try {
            return storage.place(path, owner);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long temporaryBytes(SandboxSpec spec) {
        return spec.limits().memoryBytes().orElse(TEMPORARY_WITHOUT_LIMIT);
    }

    private static ProcessIdentity alive(long pid) throws IOException {
        return ProcessIdentity.of(pid)
                .orElseThrow(() -> new IOException("process " + pid + " ended while it was created"));
    }

    private boolean isSwapAccounted() {
        return cgroups.hierarchies().mode() == Hierarchies.Mode.VERSION_2
                ? Files.exists(Path.of("/proc/swaps"))
                : cgroups.hierarchies()
                        .of("memory")
                        .filter(memory -> Files.exists(memory.mountPoint().resolve("memory.memsw.limit_in_bytes")))
                        .isPresent();
    }
}
