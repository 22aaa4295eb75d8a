package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.linux.rootfs.DeviceFiles;
import dev.agentcontainers.nodeagent.linux.rootfs.DeviceFiles.Device;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.ImageTree;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RootMount;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan.Operation;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The root of what runs a virtual machine: the host's programs, read-only, the parts of the machine, and in a folder the agent's own
 * root, which the machine is given. What runs there is confined as an agent is, and is of the agent's user: with the machine broken
 * out of, that is where one stands.
 *
 * @param agent the agent's own
 * @param host of what it sees of the host
 */
record MicroVmRoot(
        Mounts mounts, AgentRoot agent, RootfsPlanner host, SandboxCreation.Machine machine, Confinement confinement)
        implements AgentRoot {
    /** Where the machine's own kernel mounts its filesystems. */
    private static final List<String> KERNELS = List.of("/proc", "/sys", "/dev");

    private static final String MACHINE = "/machine";
    private static final String AGENT = MACHINE + "/root";
    private static final String CONFIGURATION = MACHINE + "/config.json";

    /** What sockets take, many times over. */
    private static final long OWN_FILES = 1L << 20;

    @Override
    public Made make(SandboxSpec spec, SandboxFiles paths, IdRange ids, Opened storage)
            throws IOException, SandboxException {
        Made made = agent.make(spec, paths, ids, storage);
        new ImageTree(paths.root(), ids.first()).makePlaces(KERNELS);
        RunAs runAs = made.runAs();
        new ProgramSearch(mounts, paths.root(), ids, runAs)
                .require(spec.command().getFirst(), BundleConfiguration.path(spec), spec.workingDirectory());
        long owner = ids.first() + runAs.user();
        MicroVmConfiguration.of(spec, runAs, machine.parts(), machine.accelerator(), confinement)
                .write(paths.machine());
        Files.createFile(paths.inMachine());
        List<GivenDevice> devices = devices(paths, owner);
        Files.createDirectory(paths.jail());
        new RootfsBuilder(mounts).build(plan(devices), paths.jail(), parameters(owner, spec));
        bind(paths.root(), paths, AGENT, Mounts.MS_REC);
        bind(paths.machine(), paths, CONFIGURATION, 0);
        Shim.check(
                "restrict " + CONFIGURATION,
                mounts.setAttributes(
                        paths.jail() + CONFIGURATION,
                        false,
                        Mounts.ATTRIBUTE_RDONLY | Mounts.ATTRIBUTE_NOSUID | Mounts.ATTRIBUTE_NODEV));
        return new Made(paths.jail(), true, List.of(), runAs, Starter.MONITOR, devices);
    }

    /** Files of devices are no devices where the rest of a sandbox is. */
    private List<GivenDevice> devices(SandboxFiles paths, long owner) throws IOException {
        Files.createDirectory(paths.devices());
        Shim.check(
                "mount a tmpfs at " + paths.devices(),
                mounts.mount(
                        "agentcontainers",
                        paths.devices().toString(),
                        "tmpfs",
                        Mounts.MS_NOSUID,
                        "mode=0711,size=64k"));
        List<GivenDevice> devices = new ArrayList<>();
        devices.add(new GivenDevice(Device.TUN, paths.devices().resolve("tun"), MACHINE + "/tun"));
        if (machine.accelerator() == Accelerator.KVM) {
            devices.add(new GivenDevice(Device.KVM, paths.devices().resolve("kvm"), "/dev/kvm"));
        }
        DeviceFiles files = new DeviceFiles();
        for (GivenDevice each : devices) {
            files.make(each.source(), each.device(), owner);
        }
        return devices;
    }

    /** What an agent of the driver {@code process} sees of the host, and the machine. */
    private RootfsPlan plan(List<GivenDevice> devices) throws SandboxException {
        RootfsPlan programs = host.plan(List.of(), new Replacements(Map.of(), Map.of()), "/");
        List<Operation> tree = new ArrayList<>(programs.tree());
        for (String folder : List.of(MACHINE, AGENT, MACHINE + "/run")) {
            tree.add(new Operation.Directory(folder, 0755));
        }
        tree.add(
                new Operation.Show(MACHINE + "/kernel", machine.parts().kernel().toString(), false));
        tree.add(new Operation.Show(
                MACHINE + "/initrd", machine.parts().initialFiles().toString(), false));
        tree.add(new Operation.Show(
                Starter.MONITOR_PROGRAM, machine.parts().monitor().toString(), false));
        tree.add(new Operation.Show(
                MACHINE + "/virtiofsd", machine.parts().virtiofsd().toString(), false));
        tree.add(new Operation.File(CONFIGURATION, "", 0444));
        for (GivenDevice each : devices) {
            if (each.path().startsWith(MACHINE)) {
                tree.add(new Operation.File(each.path(), "", 0444));
            }
        }
        List<RootMount> mounted = new ArrayList<>(programs.mounts());
        mounted.add(new RootMount.Memory(MACHINE + "/run", Optional.empty(), OWN_FILES));
        return new RootfsPlan(tree, mounted, List.of());
    }

    private static RootfsBuilder.Parameters parameters(long owner, SandboxSpec spec) {
        return new RootfsBuilder.Parameters(
                name -> {
                    throw new IllegalStateException("no workspace " + name + " here");
                },
                HostFolders.NONE,
                (_, target) -> {
                    throw new IOException("no image at " + target);
                },
                owner,
                OWN_FILES,
                MicroVmLimits.memory(spec.limits()));
    }

    private void bind(Path source, SandboxFiles paths, String target, long more) throws IOException {
        Shim.check(
                "show " + source,
                mounts.mount(source.toString(), paths.jail() + target, "none", Mounts.MS_BIND | more, ""));
    }

    @Override
    public void close() {
        agent.close();
    }
}
