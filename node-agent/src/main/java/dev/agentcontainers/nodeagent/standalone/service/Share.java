package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.MountAccess;
import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.assignment.Amounts;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What users' runs have of the machine together: processors, memory, disk, and processes. A run counts with its limits,
 * which the kernel enforces; one that sets none gets those of a single run, which for processors and memory are an equal
 * part for each run of a user. Thread-safe.
 */
final class Share {
    private static final int THOUSAND = 1000;

    /** The API's default. */
    private static final int PIDS = 512;

    private final ServiceSettings settings;
    private final Budget whole;
    private final Map<String, Integer> runsOfUser = new HashMap<>();
    private Budget taken = Budget.NOTHING;
    private int runs;

    Share(ServiceSettings settings, MachineFacts machine) {
        this.settings = settings;
        this.whole = Budget.of(machine, settings.sharePercent());
    }

    /** What one run holds until it is given back. */
    record Part(String user, Budget budget) {}

    /** The agent with limits where it set none. */
    AgentContainer limited(AgentContainer agent) {
        AgentContainerSpec spec = agent.getSpec();
        Resources.@Nullable Requests requests =
                spec.resources() == null ? null : spec.resources().requests();
        Resources.@Nullable Limits given =
                spec.resources() == null ? null : spec.resources().limits();
        Resources.Limits limits = new Resources.Limits(
                limit(
                        given == null ? null : given.cpu(),
                        requests == null ? null : requests.cpu(),
                        new Quantity(whole.cpuMillis() / settings.mostRunsOfUser() + "m")),
                limit(
                        given == null ? null : given.memory(),
                        requests == null ? null : requests.memory(),
                        new Quantity(Long.toString(whole.memoryBytes() / settings.mostRunsOfUser()))),
                given == null ? null : given.ephemeralStorage(),
                given == null || given.pids() == null ? PIDS : given.pids(),
                given == null ? null : given.openFiles(),
                given == null ? null : given.diskReadRate(),
                given == null ? null : given.diskWriteRate(),
                given == null ? null : given.networkEgressRate(),
                given == null ? null : given.networkIngressRate());
        agent.setSpec(new AgentContainerSpec(
                spec.platform(),
                spec.isolation(),
                spec.image(),
                spec.imagePullPolicy(),
                spec.imagePullSecrets(),
                spec.command(),
                spec.args(),
                spec.workingDir(),
                spec.env(),
                spec.ports(),
                new Resources(requests, limits),
                spec.filesystem(),
                spec.network(),
                spec.lifecycle(),
                spec.probes(),
                spec.placement(),
                spec.session()));
        return agent;
    }

    /** Never less than what is requested: an agent that requests more than a single run's part asks for that much. */
    private static Quantity limit(@Nullable Quantity given, @Nullable Quantity requested, Quantity ofSingleRun) {
        if (given != null) {
            return given;
        }
        if (requested == null) {
            return ofSingleRun;
        }
        boolean more = Amounts.requested(requested, THOUSAND) > Amounts.requested(ofSingleRun, THOUSAND);
        return more ? requested : ofSingleRun;
    }

    /** @param limited an agent that has limits */
    synchronized Part take(String user, AgentContainer limited) throws RefusedRunException {
        Part part = new Part(user, budget(limited.getSpec()));
        int ofUser = runsOfUser.getOrDefault(user, 0);
        if (ofUser >= settings.mostRunsOfUser()) {
            throw new RefusedRunException(
                    "%s has %d runs under way, which is as many as one user may have: end one, or try again when one has ended"
                            .formatted(user, ofUser));
        }
        if (runs >= settings.mostRuns()) {
            throw new RefusedRunException(
                    "%d runs are under way on this machine, which is as many as its service takes: try again when one has ended"
                            .formatted(runs));
        }
        boolean storageIsSet = limited.getSpec().resources().limits().ephemeralStorage() != null;
        requireFree("cpu", part, Budget::cpuMillis, "m");
        requireFree("memory", part, Budget::memoryBytes, " bytes");
        requireFree(
                storageIsSet ? "ephemeral-storage" : "ephemeral-storage (not set, so what a run may write without)",
                part,
                Budget::storageBytes,
                " bytes");
        requireFree("pids", part, Budget::pids, "");
        runs++;
        runsOfUser.put(user, ofUser + 1);
        taken = taken.plus(part.budget());
        return part;
    }

    private void requireFree(String resource, Part part, ToLongFunction<Budget> amount, String unit)
            throws RefusedRunException {
        long wanted = amount.applyAsLong(part.budget());
        long free = amount.applyAsLong(whole.minus(taken));
        if (wanted > free) {
            throw new RefusedRunException(
                    "spec.resources.limits.%1$s: is %2$d%5$s, but of the machine's share for users' runs, %3$d%5$s, %4$d%5$s are free"
                            .formatted(resource, wanted, amount.applyAsLong(whole), free, unit));
        }
    }

    synchronized void giveBack(Part part) {
        runs--;
        runsOfUser.computeIfPresent(part.user(), (user, count) -> count == 1 ? null : count - 1);
        taken = taken.minus(part.budget());
    }

    private static Budget budget(AgentContainerSpec limited) throws RefusedRunException {
        Resources.Limits limits = limited.resources().limits();
        return new Budget(
                amount("cpu", limits.cpu(), THOUSAND),
                amount("memory", limits.memory(), 1),
                limits.ephemeralStorage() != null
                        ? amount("ephemeral-storage", limits.ephemeralStorage(), 1)
                        : writesToDisk(limited) ? StandaloneRun.UNASKED_STORAGE : 0,
                limits.pids());
    }

    /** The root of an image can be written too. */
    private static boolean writesToDisk(AgentContainerSpec spec) {
        return spec.image() != null || hasWritableDirectories(spec.filesystem());
    }

    private static boolean hasWritableDirectories(@Nullable Filesystem filesystem) {
        return filesystem != null
                && filesystem.mounts() != null
                && filesystem.mounts().stream()
                        .anyMatch(mount -> mount.source() != null
                                && mount.access() != MountAccess.ReadOnly
                                && (mount.source().workspace() != null
                                        || (mount.source().emptyDir() != null
                                                && !mount.source().emptyDir().inMemory())));
    }

    private static long amount(String resource, Quantity quantity, int unitsInOne) throws RefusedRunException {
        try {
            return Amounts.exactly(quantity, unitsInOne);
        } catch (IllegalArgumentException e) {
            throw new RefusedRunException("spec.resources.limits.%s: %s".formatted(resource, e.getMessage()));
        }
    }
}
