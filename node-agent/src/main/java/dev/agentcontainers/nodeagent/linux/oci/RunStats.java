package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.cgroup.GroupStats;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What runs of sandboxes use and used, by files of the kernel and one statfs(2). Starts no process. Thread-safe. */
final class RunStats {
    /** Within which what is left of a run goes. */
    private static final Duration GONE = Duration.ofMillis(500);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final DriverKind kind;
    private final SandboxCgroups cgroups;
    private final Clock clock;

    RunStats(DriverKind kind, SandboxCgroups cgroups, Clock clock) {
        this.kind = kind;
        this.cgroups = cgroups;
        this.clock = clock;
    }

    /** Empty where there is no run, or where it ends meanwhile: what was read then may be of what was left of it. */
    Optional<SandboxStats> of(SandboxFiles files, SandboxStorage storage) throws IOException {
        Optional<RunRecord> record = RunRecord.read(files.record());
        if (record.isEmpty() || !isAlive(record.get())) {
            return Optional.empty();
        }
        try {
            SandboxStats stats = read(files, record.get(), storage);
            return isAlive(record.get()) ? Optional.of(stats) : Optional.empty();
        } catch (IOException e) {
            if (isAlive(record.get())) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /** Until they have ended the kernel counts on: gVisor and virtual machines take a moment to fall. */
    private void awaitNoProcesses(SandboxFiles files) throws IOException {
        long giveUp = System.nanoTime() + GONE.toNanos();
        try {
            while (cgroups.hasProcesses(files.id().value()) && System.nanoTime() < giveUp) {
                Thread.sleep(LOOK_AGAIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The last processes of a run, its shim among them, end a moment after the agent has, and its files are unmounted then. */
    private static OptionalLong settled(SandboxStorage storage) throws IOException {
        long giveUp = System.nanoTime() + GONE.toNanos();
        OptionalLong used = storage.used();
        try {
            while (used.isEmpty() && storage.limit().isPresent() && System.nanoTime() < giveUp) {
                Thread.sleep(LOOK_AGAIN);
                used = storage.used();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return used;
    }

    /**
     * What a run that has ended used in all, to be asked before its control groups go. Empty where nothing of it is told. How much its
     * files take is told once the kernel has unmounted them, which it does as the last process ends that sees them.
     */
    Optional<RunUse> ofEnded(SandboxFiles files, Instant endedAt, SandboxStorage storage) throws IOException {
        Optional<RunRecord> record = RunRecord.read(files.record());
        if (record.isEmpty() || !record.get().bootId().equals(RunRecord.currentBoot())) {
            return Optional.empty();
        }
        awaitNoProcesses(files);
        GroupStats group = cgroups.stats(files.id().value());
        OptionalLong taken = settled(storage);
        boolean told = Stream.of(group.cpuNanos(), group.memoryPeakBytes(), taken, group.outOfMemoryKills())
                .anyMatch(OptionalLong::isPresent);
        return told
                ? Optional.of(new RunUse(
                        SandboxRuns.startedAt(files),
                        endedAt,
                        group.cpuNanos(),
                        group.memoryPeakBytes(),
                        taken,
                        group.outOfMemoryKills()))
                : Optional.empty();
    }

    /** Of this boot too: after another one pids and start times may be the same. */
    private static boolean isAlive(RunRecord record) throws IOException {
        return record.agent().isAlive() && record.bootId().equals(RunRecord.currentBoot());
    }

    private SandboxStats read(SandboxFiles files, RunRecord record, SandboxStorage storage) throws IOException {
        GroupStats group = cgroups.stats(files.id().value());
        OptionalLong storageLimit = storage.limit();
        // What another kernel has on the host are its own threads: it alone knows the agent's processes.
        boolean counted = kind.sharesKernel();
        return new SandboxStats(
                clock.instant(),
                SandboxRuns.startedAt(files),
                name(record.agent()),
                group.cpuNanos(),
                group.cpuLimitMillis(),
                group.memoryBytes(),
                group.memoryPeakBytes(),
                group.memoryLimitBytes(),
                counted ? group.tasks() : OptionalLong.empty(),
                counted ? group.taskLimit() : OptionalLong.empty(),
                storageLimit.isPresent() ? taken(storage.images(files.storage()), record.shim()) : OptionalLong.empty(),
                storageLimit,
                group.outOfMemoryKills());
    }

    private static String name(ProcessIdentity agent) {
        return agent.pid() + "-" + agent.startTicks();
    }

    /**
     * What is taken of the filesystems in the images, by way of the shim that sees their mounts. Files without a limit are on the
     * disk among others: they could only be counted one by one.
     */
    private static OptionalLong taken(List<Path> images, ProcessIdentity shim) {
        long sum = 0;
        for (Path image : images) {
            File place = SandboxFiles.through(shim.pid(), image).toFile();
            long size = place.getTotalSpace();
            // Sizes of zero say that nothing could be asked.
            if (size == 0) {
                return OptionalLong.empty();
            }
            sum += Math.max(0, size - place.getFreeSpace());
        }
        // Asked at last: its pid may have become another's.
        return shim.isAlive() ? OptionalLong.of(sum) : OptionalLong.empty();
    }
}
