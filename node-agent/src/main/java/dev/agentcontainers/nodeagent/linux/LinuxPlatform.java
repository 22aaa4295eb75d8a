package dev.agentcontainers.nodeagent.linux;

import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFence;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.LayerOwners;
import dev.agentcontainers.nodeagent.linux.image.LayerUnpacker;
import dev.agentcontainers.nodeagent.linux.image.UnpackLimits;
import dev.agentcontainers.nodeagent.linux.names.LinuxProxyPrograms;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.PinnedNamespace;
import dev.agentcontainers.nodeagent.linux.oci.GvisorSettings;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import dev.agentcontainers.nodeagent.linux.strength.LinuxStrengthSuite;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Linux. */
public final class LinuxPlatform implements Platform {
    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final int MTU = 1500;
    private static final long KIBI = 1024;

    private final boolean rootless;

    /** For a process that is root. */
    public LinuxPlatform() {
        this(false);
    }

    private LinuxPlatform(boolean rootless) {
        this.rootless = rootless;
    }

    /** For a process that is root of namespaces of an ordinary user's only. */
    public static LinuxPlatform ofAnOrdinaryUser() {
        return new LinuxPlatform(true);
    }

    /** The ids that a node's agents and its egress proxy have, beside root's. */
    public static List<IdRange> ids(NodeSettings settings, FenceSettings fence) {
        return List.of(
                new IdRange(settings.firstUserId(), settings.userIdCount()),
                new IdRange(LinuxFence.proxyUser(fence), 1));
    }

    @Override
    public boolean isHere() {
        return System.getProperty("os.name").equals("Linux");
    }

    @Override
    public boolean rootless() {
        return rootless;
    }

    /** What is made of them is checked as it is made. */
    @Override
    public void check(NodeSettings settings) {
        var _ = ociSettings(settings);
    }

    @Override
    public MachineFacts facts(NodeSettings settings) throws IOException {
        if (!Files.isDirectory(settings.stateDirectory())) {
            PrivateFiles.makeDirectory(settings.stateDirectory());
        }
        return new MachineFacts(
                OperatingSystem.linux,
                System.getProperty("os.arch").equals("aarch64") ? Architecture.arm64 : Architecture.amd64,
                System.getProperty("os.version"),
                osImage(),
                Runtime.getRuntime().availableProcessors() * 1000L,
                memoryBytes(),
                Files.getFileStore(settings.stateDirectory()).getTotalSpace(),
                pids(),
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
    }

    /** Source: os-release(5). */
    private static String osImage() throws IOException {
        for (String file : List.of("/etc/os-release", "/usr/lib/os-release")) {
            if (Files.isReadable(Path.of(file))) {
                return Files.readAllLines(Path.of(file)).stream()
                        .filter(line -> line.startsWith("PRETTY_NAME="))
                        .map(line -> line.substring("PRETTY_NAME=".length()).replace("\"", ""))
                        .findFirst()
                        .orElse("Linux");
            }
        }
        return "Linux";
    }

    private static long memoryBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                        .filter(line -> line.startsWith("MemTotal:"))
                        .map(line -> line.replaceAll("[^0-9]", ""))
                        .mapToLong(Long::parseLong)
                        .findFirst()
                        .orElseThrow(() -> new IOException("/proc/meminfo has no MemTotal"))
                * KIBI;
    }

    @Override
    public List<IsolationDriver> drivers(NodeSettings settings) {
        OciDriver process = OciDriver.process(ociSettings(settings));
        return List.of(process, process.container(), process.gvisor(), process.microVm());
    }

    @Override
    public StrengthSuite strength(NodeSettings settings) {
        LinuxStrengthSuite suite = new LinuxStrengthSuite(
                settings.stateDirectory().resolve("trial/strength"),
                Optional.of(fenceSettings(NodeNames.trialFence(settings), settings)),
                Clock.systemUTC());
        return rootless ? suite.asRootless() : suite;
    }

    @Override
    public LayerFiles layers(NodeSettings settings) {
        return new LayerUnpacker(
                UnpackLimits.DEFAULT, rootless ? LayerOwners.of(ids(settings)) : LayerOwners.OF_IMAGES);
    }

    private static HostFolders hostFolders(NodeSettings settings) {
        return HostFolders.of(settings.hostMounts().allowed())
                .without(settings.hostMounts().never())
                .without(List.of(settings.runDirectory()));
    }

    private OciSettings ociSettings(NodeSettings settings) {
        OciSettings oci = OciSettings.of(
                settings.stateDirectory(),
                settings.runDirectory().resolve("oci"),
                NodeNames.controlGroup(settings),
                ids(settings),
                settings.logLimitBytes());
        OciSettings mayDo = rootless ? oci.asRootless() : oci;
        return mayDo.withUnaskedStorage(settings.unaskedStorageBytes())
                .withHostRoot(HostRoot.DEFAULT.with(settings.hostPaths()).giving(hostFolders(settings)))
                .withGvisor(new GvisorSettings(
                        settings.gvisor().runsc(), settings.gvisor().platform()))
                .withMicroVm(microVm(settings.microVm()));
    }

    private static MicroVmSettings microVm(NodeSettings.MicroVm settings) {
        return new MicroVmSettings(
                settings.folder().orElse(MicroVmSettings.DEFAULT.folder()),
                Accelerator.valueOf(settings.accelerator().toUpperCase(Locale.ROOT)));
    }

    @Override
    public Fence fence(NodeSettings settings) {
        return new LinuxFence(fenceSettings(NodeNames.fence(settings), settings));
    }

    private LinuxFenceSettings fenceSettings(String name, NodeSettings settings) {
        LinuxFenceSettings fence =
                new LinuxFenceSettings(name, Optional.empty(), NAMESPACES, settings.runDirectory(), MTU);
        return rootless ? fence.unguarded() : fence;
    }

    @Override
    public ProxyPrograms proxy(NodeSettings settings) throws IOException {
        return proxyOf(settings);
    }

    private LinuxProxyPrograms proxyOf(NodeSettings settings) throws IOException {
        return new LinuxProxyPrograms(
                settings.runDirectory(),
                settings.stateDirectory(),
                NAMESPACES.resolve(NodeNames.fence(settings)),
                new SandboxCgroups(
                        rootless ? Hierarchies.NONE : Hierarchies.of(MountTable.ofThisThread()),
                        NodeNames.proxyControlGroup(settings),
                        ProcessCalls.ofThisMachine(),
                        DescriptorCalls.ofThisMachine()),
                ids(settings));
    }

    private IdRange ids(NodeSettings settings) {
        try {
            if (!rootless && settings.userIdCount() < IdRange.PER_SANDBOX) {
                throw new IllegalArgumentException("each agent takes " + IdRange.PER_SANDBOX);
            }
            return new IdRange(settings.firstUserId(), settings.userIdCount());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "agentcontainers.node.first-user-id is " + settings.firstUserId()
                            + " and agentcontainers.node.user-id-count is " + settings.userIdCount() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** Processes in the same proportion as processors: the machine's pids are shared with everything else on it. */
    @Override
    public void limitAgents(NodeSettings settings, ResourceAmounts limits) throws IOException {
        long machine = Runtime.getRuntime().availableProcessors() * 1000L;
        long pids = pids();
        long share = Math.clamp(pids * limits.cpuMillis().orElse(machine) / machine, 1, pids);
        OciDriver.process(ociSettings(settings))
                .limitAll(new ResourceAmounts(
                        limits.cpuMillis(), limits.memoryBytes(), OptionalLong.empty(), OptionalLong.of(share)));
    }

    /** Each thread takes one of the first and counts for the second (proc_sys_kernel(5)). */
    private static long pids() throws IOException {
        return Math.min(sysctl("pid_max"), sysctl("threads-max"));
    }

    /** By a buffered reader: a sysctl gives all of itself to the first read, and Files.readString's is of one byte. */
    private static long sysctl(String name) throws IOException {
        return Long.parseLong(
                Files.readAllLines(Path.of("/proc/sys/kernel", name)).getFirst());
    }

    @Override
    public void forget(NodeSettings settings) throws IOException {
        proxyOf(settings).forget();
        // A measurement that was killed has left it; what else there was of it has ended with its process.
        new PinnedNamespace(new LinuxNamespaceCalls(), NAMESPACES, NodeNames.trialFence(settings)).remove();
        OciDriver.process(ociSettings(settings)).forget();
    }
}
