package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongUnaryOperator;

/** Changes the limits of what exists, by its control groups alone: of one sandbox, or of all of a node together. */
public final class LiveLimits {
    /** The period over which a processor limit is enforced, in microseconds; the kernel's default. */
    public static final long PERIOD = 100_000;

    static final String QUOTA = "cpu.cfs_quota_us";
    private static final long LEAST_QUOTA = 1_000;
    private static final long LEAST_SHARES = 2;
    private static final long MOST_SHARES = 262_144;
    private static final long MOST_WEIGHT = 10_000;

    private final SandboxCgroups cgroups;

    /** The group that has a controller. */
    private interface Group {
        Optional<Path> with(String controller) throws IOException;
    }

    public LiveLimits(SandboxCgroups cgroups) {
        this.cgroups = cgroups;
    }

    /** Microseconds of processor time in each {@link #PERIOD}. */
    public static long quota(long cpuMillis) {
        return Math.max(LEAST_QUOTA, cpuMillis * PERIOD / 1000);
    }

    /** A sandbox's part of the processors where they are scarce; as Kubernetes does it, the least without a request. */
    public static long shares(OptionalLong requestedCpuMillis) {
        return Math.clamp(requestedCpuMillis.orElse(0) * 1024 / 1000, LEAST_SHARES, MOST_SHARES);
    }

    /** The same for version 2; the conversion of the OCI runtimes. */
    static long weight(long shares) {
        return 1 + (shares - LEAST_SHARES) * (MOST_WEIGHT - 1) / (MOST_SHARES - LEAST_SHARES);
    }

    public void apply(String sandbox, ResourceAmounts limits, ResourceAmounts requests) throws IOException {
        Group group = controller -> cgroups.group(sandbox, controller);
        OptionalLong most = cgroups.mostQuota();
        limit(group, limits, quota -> Math.min(quota, most.orElse(Long.MAX_VALUE)));
        long shares = shares(requests.cpuMillis());
        if (version2()) {
            write(group, "cpu", "cpu.weight", Long.toString(weight(shares)));
        } else {
            write(group, "cpu", "cpu.shares", Long.toString(shares));
        }
    }

    /**
     * Limits all sandboxes of the node together, whatever each may have. Version 1 refuses them less processor time than one
     * of them has, so that one is lowered first; it stays so when they get more again, until its own limits are applied.
     *
     * @throws IOException where the machine does not take it, for example less memory than they use; to be tried again
     */
    public void applyToAll(ResourceAmounts limits) throws IOException {
        if (!version2() && limits.cpuMillis().isPresent()) {
            lowerQuotas(quota(limits.cpuMillis().getAsLong()));
        }
        limit(cgroups::parentGroup, limits, quota -> quota);
    }

    private void lowerQuotas(long most) throws IOException {
        for (String sandbox : cgroups.sandboxes()) {
            Group group = controller -> cgroups.group(sandbox, controller);
            try {
                if (cgroups.quota(sandbox).orElse(0) > most) {
                    write(group, "cpu", QUOTA, Long.toString(most));
                }
            } catch (NoSuchFileException e) {
                // It has gone meanwhile, or has no limits yet.
            }
        }
    }

    private void limit(Group group, ResourceAmounts limits, LongUnaryOperator capped) throws IOException {
        write(group, "pids", "pids.max", text(limits.pids(), "max"));
        OptionalLong cpu = limits.cpuMillis();
        String quota = cpu.isPresent() ? Long.toString(capped.applyAsLong(quota(cpu.getAsLong()))) : "";
        if (version2()) {
            write(group, "memory", "memory.max", text(limits.memoryBytes(), "max"));
            write(group, "cpu", "cpu.max", (quota.isEmpty() ? "max" : quota) + " " + PERIOD);
        } else {
            memoryOfVersion1(group, text(limits.memoryBytes(), "-1"));
            write(group, "cpu", QUOTA, quota.isEmpty() ? "-1" : quota);
        }
    }

    private boolean version2() {
        return cgroups.hierarchies().mode() == Mode.VERSION_2;
    }

    /** Memory alone must never exceed memory with swap, so the order depends on the direction. */
    private void memoryOfVersion1(Group group, String limit) throws IOException {
        try {
            write(group, "memory", "memory.limit_in_bytes", limit);
            writeIfThere(group, limit);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            writeIfThere(group, limit);
            write(group, "memory", "memory.limit_in_bytes", limit);
        }
    }

    private void writeIfThere(Group group, String limit) throws IOException {
        try {
            write(group, "memory", "memory.memsw.limit_in_bytes", limit);
        } catch (NoSuchFileException e) {
            // A kernel that does not account swap.
        }
    }

    private void write(Group groups, String controller, String file, String value) throws IOException {
        Path group = groups.with(controller)
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
