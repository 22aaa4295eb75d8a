package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.assignment.Amounts;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What users' runs have of the machine together. A run counts with its limits; one that sets none gets what a single run
 * may have, which is an equal part for each run of a user. Thread-safe.
 */
final class Share {
    private static final int THOUSAND = 1000;

    private final ServiceSettings settings;
    private final long cpuMillis;
    private final long memoryBytes;
    private final Map<String, Integer> runsOfUser = new HashMap<>();
    private long cpuTaken;
    private long memoryTaken;
    private int runs;

    Share(ServiceSettings settings, MachineFacts machine) {
        this.settings = settings;
        this.cpuMillis = machine.cpuMillis() * settings.sharePercent() / 100;
        this.memoryBytes = machine.memoryBytes() / 100 * settings.sharePercent();
    }

    /** What one run holds until it is given back. */
    record Part(String user, long cpuMillis, long memoryBytes) {}

    /** The agent with limits where it set none. */
    AgentContainer limited(AgentContainer agent) {
        AgentContainerSpec spec = agent.getSpec();
        Resources.@Nullable Limits given =
                spec.resources() == null ? null : spec.resources().limits();
        Quantity cpu = given == null || given.cpu() == null
                ? new Quantity(cpuMillis / settings.mostRunsOfUser() + "m")
                : given.cpu();
        Quantity memory = given == null || given.memory() == null
                ? new Quantity(Long.toString(memoryBytes / settings.mostRunsOfUser()))
                : given.memory();
        Resources resources = new Resources(
                spec.resources() == null ? null : spec.resources().requests(),
                new Resources.Limits(
                        cpu,
                        memory,
                        given == null ? null : given.ephemeralStorage(),
                        given == null ? null : given.pids()));
        agent.setSpec(new AgentContainerSpec(
                spec.platform(),
                spec.isolation(),
                spec.command(),
                spec.args(),
                spec.workingDir(),
                spec.env(),
                spec.ports(),
                resources,
                spec.filesystem(),
                spec.network(),
                spec.lifecycle(),
                spec.placement()));
        return agent;
    }

    /** @param limited an agent that has limits */
    synchronized Part take(String user, AgentContainer limited) throws RefusedRunException {
        Resources.Limits limits = limited.getSpec().resources().limits();
        Part part = new Part(user, amount(limits.cpu(), THOUSAND), amount(limits.memory(), 1));
        int ofUser = runsOfUser.getOrDefault(user, 0);
        if (ofUser >= settings.mostRunsOfUser()) {
            throw new RefusedRunException(
                    "%s has %d runs under way, which is as many as one user may have".formatted(user, ofUser));
        }
        if (runs >= settings.mostRuns()) {
            throw new RefusedRunException(
                    "%d runs are under way on this machine, which is as many as its service takes".formatted(runs));
        }
        requireFree("cpu", part.cpuMillis(), cpuMillis - cpuTaken, "m");
        requireFree("memory", part.memoryBytes(), memoryBytes - memoryTaken, " bytes");
        runs++;
        runsOfUser.put(user, ofUser + 1);
        cpuTaken += part.cpuMillis();
        memoryTaken += part.memoryBytes();
        return part;
    }

    private static void requireFree(String resource, long wanted, long free, String unit) throws RefusedRunException {
        if (wanted > free) {
            throw new RefusedRunException(
                    "spec.resources.limits.%1$s: is %2$d%4$s, but of the machine's share for users' runs %3$d%4$s are free"
                            .formatted(resource, wanted, free, unit));
        }
    }

    synchronized void giveBack(Part part) {
        runs--;
        runsOfUser.computeIfPresent(part.user(), (user, count) -> count == 1 ? null : count - 1);
        cpuTaken -= part.cpuMillis();
        memoryTaken -= part.memoryBytes();
    }

    private static long amount(Quantity quantity, int unitsInOne) throws RefusedRunException {
        try {
            return Amounts.exactly(quantity, unitsInOne);
        } catch (IllegalArgumentException e) {
            throw new RefusedRunException("spec.resources.limits: " + e.getMessage());
        }
    }
}
