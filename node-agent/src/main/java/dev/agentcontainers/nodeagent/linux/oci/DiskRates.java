package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.storage.Disks;
import dev.agentcontainers.nodeagent.linux.storage.Disks.Disk;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How fast a sandbox reads and writes each of the disks that its files lie on; limited by control groups. Version 1 takes what goes
 * through the page cache for the kernel's own writing, so there only reading is limited.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html">Block IO controller</a>
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html#io">Control group v2, IO</a>
 */
record DiskRates(SandboxCgroups cgroups, OciSettings settings) {
    private static final String FIELD = "spec.resources.limits.";

    /** The limits that this machine enforces. */
    List<String> features() throws IOException {
        List<String> features = new ArrayList<>();
        if (lackForReading().isEmpty()) {
            features.add(DriverFeature.DISK_READ_RATE);
        }
        if (lackForWriting().isEmpty()) {
            features.add(DriverFeature.DISK_WRITE_RATE);
        }
        return features;
    }

    /** Why it enforces none of the others. */
    List<String> notes() throws IOException {
        Optional<String> reading = lackForReading();
        if (reading.isPresent()) {
            return List.of("limits of disk-read-rate and disk-write-rate can't be enforced: " + reading.get());
        }
        return lackForWriting().map(reason -> "limits of disk-write-rate can't be enforced: " + reason).stream()
                .toList();
    }

    private Optional<String> lackForReading() throws IOException {
        boolean version2 = cgroups.hierarchies().mode() == Hierarchies.Mode.VERSION_2;
        String controller = version2 ? "io" : "blkio";
        String file = version2 ? "io.max" : "blkio.throttle.read_bps_device";
        Optional<Path> group = cgroups.parentGroup(controller);
        if (group.filter(parent -> Files.exists(parent.resolve(file))).isEmpty()) {
            return Optional.of("the control group controller '" + controller + "' is not available, or has no " + file);
        }
        return LaunchProbe.lackForDiskRates(LaunchProbe.kernel())
                .or(() -> lack(() -> Disks.ofThisThread()
                        .under(List.of(settings.stateDirectory().toRealPath()))));
    }

    private Optional<String> lackForWriting() throws IOException {
        Optional<String> reading = lackForReading();
        if (reading.isPresent()) {
            return reading;
        }
        return cgroups.hierarchies().mode() == Hierarchies.Mode.VERSION_2
                ? lack(() -> Disks.ofThisThread()
                        .requireWriters(settings.stateDirectory().toRealPath()))
                : Optional.of("control groups of version 1 do not know who wrote what goes through the page cache");
    }

    /** What may fail with the reason in words. */
    private interface Look {
        void look() throws IOException;
    }

    private static Optional<String> lack(Look look) {
        try {
            look.look();
            return Optional.empty();
        } catch (NoSuchFileException e) {
            // Of a mount, which is refused by its own name when it is made.
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Refuses what can't be enforced. */
    void require(SandboxSpec spec) throws IOException, SandboxException {
        ResourceAmounts limits = spec.limits();
        if (limits.diskReadRate().isPresent()) {
            refuse(DriverFeature.DISK_READ_RATE, lackForReading());
        }
        if (limits.diskWriteRate().isPresent()) {
            refuse(DriverFeature.DISK_WRITE_RATE, lackForWriting());
        }
        refuse(
                limits.diskReadRate().isPresent() ? DriverFeature.DISK_READ_RATE : DriverFeature.DISK_WRITE_RATE,
                lack(() -> disks(spec)));
        if (limits.diskWriteRate().isPresent()) {
            refuse(DriverFeature.DISK_WRITE_RATE, lack(() -> requireWriters(spec)));
        }
    }

    private static void requireWriters(SandboxSpec spec) throws IOException {
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.HostDirectory folder && folder.writable()) {
                Disks.ofThisThread().requireWriters(Path.of(folder.source()).toRealPath());
            }
        }
    }

    private static void refuse(String limit, Optional<String> reason) throws SandboxException {
        if (reason.isPresent()) {
            throw new SandboxException(
                    Step.PREPARE, Kind.UNSUPPORTED, FIELD + limit + " can't be enforced on this node: " + reason.get());
        }
    }

    private static boolean isLimited(ResourceAmounts limits) {
        return limits.diskReadRate().isPresent() || limits.diskWriteRate().isPresent();
    }

    /** The disks that a sandbox with such a limit is kept from using faster; empty without one. */
    Set<Disk> disks(SandboxSpec spec) throws IOException {
        if (!isLimited(spec.limits())) {
            return Set.of();
        }
        List<Path> paths = new ArrayList<>(List.of(settings.stateDirectory()));
        switch (spec.root()) {
            case SandboxRoot.Host _ -> paths.addAll(settings.hostRoot().places(MountTable.ofThisThread()));
            case SandboxRoot.Image image -> paths.addAll(image.layers());
        }
        for (ResolvedMount mount : spec.mounts()) {
            switch (mount) {
                case ResolvedMount.HostDirectory folder -> paths.add(Path.of(folder.source()));
                case ResolvedMount.ImageFiles image -> paths.addAll(image.layers());
                default -> {
                    // In the state directory, or in memory.
                }
            }
        }
        List<Path> real = new ArrayList<>();
        for (Path path : paths) {
            real.add(path.toRealPath());
        }
        return Disks.ofThisThread().under(real);
    }

    /** The part of a container's configuration, as {@code linux.resources.blockIO}. */
    static Map<String, Object> blockIo(ResourceAmounts limits, Collection<Disk> disks) {
        Map<String, Object> blockIo = new LinkedHashMap<>();
        throttle(blockIo, "throttleReadBpsDevice", limits.diskReadRate(), disks);
        throttle(blockIo, "throttleWriteBpsDevice", limits.diskWriteRate(), disks);
        return blockIo;
    }

    private static void throttle(Map<String, Object> blockIo, String what, OptionalLong rate, Collection<Disk> disks) {
        if (rate.isPresent()) {
            blockIo.put(
                    what,
                    disks.stream()
                            .map(disk -> Map.of("major", disk.major(), "minor", disk.minor(), "rate", rate.getAsLong()))
                            .toList());
        }
    }
}
