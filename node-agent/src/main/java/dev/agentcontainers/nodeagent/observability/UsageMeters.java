package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import dev.agentcontainers.nodeagent.usage.UsageObserver;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What each agent uses, as metrics. They are there while the agent runs and the machine tells the amount. Counters begin anew with each
 * run of the agent.
 */
public final class UsageMeters implements UsageObserver {
    private static final String PREFIX = "agentcontainers.agent.";

    private final MeterRegistry registry;
    private final Map<SandboxId, Agent> agents = new ConcurrentHashMap<>();

    /** An amount of which there is a metric. */
    private enum Amount {
        CPU("cpu.seconds", true, 1e-9, "Processor time that the agent has used in this run", SandboxStats::cpuNanos),
        CPU_LIMIT("cpu.limit.cores", false, 1e-3, "Processors that the agent may use", SandboxStats::cpuLimitMillis),
        MEMORY("memory.working.set.bytes", false, 1, "Working set of the agent", SandboxStats::memoryBytes),
        MEMORY_LIMIT("memory.limit.bytes", false, 1, "Memory that the agent may use", SandboxStats::memoryLimitBytes),
        PROCESSES("processes", false, 1, "Processes and threads of the agent", SandboxStats::processes),
        PROCESS_LIMIT(
                "processes.limit",
                false,
                1,
                "Processes and threads that the agent may have",
                SandboxStats::processLimit),
        STORAGE("ephemeral.storage.bytes", false, 1, "Disk that the agent's files take", SandboxStats::storageBytes),
        STORAGE_LIMIT(
                "ephemeral.storage.limit.bytes",
                false,
                1,
                "Disk that the agent's files may take",
                SandboxStats::storageLimitBytes),
        OUT_OF_MEMORY(
                "oom.kills",
                true,
                1,
                "Processes of the agent that were killed for its limit of memory in this run",
                SandboxStats::outOfMemoryKills);

        private final String name;
        private final boolean counted;
        private final double unit;
        private final String description;
        private final Function<SandboxStats, OptionalLong> value;

        Amount(
                String name,
                boolean counted,
                double unit,
                String description,
                Function<SandboxStats, OptionalLong> value) {
            this.name = name;
            this.counted = counted;
            this.unit = unit;
            this.description = description;
            this.value = value;
        }

        /** Not a number where it has just become unknown. */
        double of(Agent agent) {
            OptionalLong amount = value.apply(agent.stats);
            return amount.isPresent() ? amount.getAsLong() * unit : Double.NaN;
        }
    }

    /** Held while it has meters: they don't hold it. */
    private static final class Agent {
        private final Map<Amount, Meter> meters = new EnumMap<>(Amount.class);
        private volatile SandboxStats stats;

        Agent(SandboxStats stats) {
            this.stats = stats;
        }
    }

    public UsageMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void uses(SandboxId id, Assignment.Agent whose, SandboxStats stats) {
        Agent agent = agents.computeIfAbsent(id, ignored -> new Agent(stats));
        agent.stats = stats;
        Tags tags = Tags.of("namespace", whose.namespace(), "agent", whose.name(), "assignment", id.value());
        for (Amount amount : Amount.values()) {
            if (amount.value.apply(stats).isPresent()) {
                agent.meters.computeIfAbsent(amount, ignored -> meter(amount, agent, tags));
            } else {
                remove(agent.meters.remove(amount));
            }
        }
    }

    private Meter meter(Amount amount, Agent agent, Tags tags) {
        String name = PREFIX + amount.name;
        return amount.counted
                ? FunctionCounter.builder(name, agent, amount::of)
                        .description(amount.description)
                        .tags(tags)
                        .register(registry)
                : Gauge.builder(name, agent, amount::of)
                        .description(amount.description)
                        .tags(tags)
                        .register(registry);
    }

    @Override
    public void usesNothing(SandboxId id) {
        Agent gone = agents.remove(id);
        if (gone != null) {
            gone.meters.values().forEach(this::remove);
        }
    }

    private void remove(@Nullable Meter meter) {
        if (meter != null) {
            registry.remove(meter);
        }
    }
}
