package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Changes the limits of a sandbox that exists, by its control groups alone. */
public final class LiveLimits {
    /** The period over which a processor limit is enforced, in microseconds; the kernel's default. */
    public static final long PERIOD = 100_000;

    private static final long LEAST_QUOTA = 1_000;
    private final SandboxCgroups cgroups;

    public LiveLimits(SandboxCgroups cgroups) {
        this.cgroups = cgroups;
    }

    /** Microseconds of processor time in each {@link #PERIOD}. */
    public static long quota(long cpuMillis) {
        return Math.max(LEAST_QUOTA, cpuMillis * PERIOD / 1000);
    }

    public void apply(String sandbox, ResourceAmounts limits) throws IOException {
        boolean version2 = cgroups.hierarchies().mode() == Mode.VERSION_2;
        write(sandbox, "pids", "pids.max", text(limits.pids(), "max"));
        if (version2) {
            write(sandbox, "memory", "memory.max", text(limits.memoryBytes(), "max"));
            OptionalLong quota = limits.cpuMillis();
            write(
                    sandbox,
                    "cpu",
                    "cpu.max",
                    (quota.isPresent() ? "" + quota(quota.getAsLong()) : "max") + " " + PERIOD);
        } else {
            memoryOfVersion1(sandbox, text(limits.memoryBytes(), "-1"));
            OptionalLong quota = limits.cpuMillis();
            write(sandbox, "cpu", "cpu.cfs_quota_us", quota.isPresent() ? "" + quota(quota.getAsLong()) : "-1");
        }
    }

    /** Memory alone must never exceed memory with swap, so the order depends on the direction. */
    private void memoryOfVersion1(String sandbox, String limit) throws IOException {
        try {
            write(sandbox, "memory", "memory.limit_in_bytes", limit);
            writeIfThere(sandbox, limit);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            writeIfThere(sandbox, limit);
            write(sandbox, "memory", "memory.limit_in_bytes", limit);
        }
    }

    private void writeIfThere(String sandbox, String limit) throws IOException {
        try {
            write(sandbox, "memory", "memory.memsw.limit_in_bytes", limit);
        } catch (NoSuchFileException e) {
            // A kernel that does not account swap.
        }
    }

    private void write(String sandbox, String controller, String file, String value) throws IOException {
        Path group = cgroups.group(sandbox, controller)
                .orElseThrow(() -> new IOException("no hierarchy has the controller " + controller));
        if (!Files.exists(group.resolve(file))) {
            throw new NoSuchFileException(group.resolve(file).toString());
        }
        Files.writeString(group.resolve(file), value);
    }

    private static String text(OptionalLong amount, String none) {
        return amount.isPresent() ? Long.toString(amount.getAsLong()) : none;
    }
}
