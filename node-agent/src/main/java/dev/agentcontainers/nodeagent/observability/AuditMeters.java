package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.nodeagent.audit.AuditCounters;
import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * What each agent was let do and denied, as counters. They are there while the agent is, so that there are as many as the
 * node has agents and not as many as it ever had.
 */
public final class AuditMeters implements AuditCounters {
    private static final String FLOWS = "agentcontainers.egress.flows";
    private static final String NAMES = "agentcontainers.egress.names";

    private final MeterRegistry registry;
    private final Map<SandboxId, List<Meter>> meters = new ConcurrentHashMap<>();

    public AuditMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void came(AuditSubject subject, AuditCounts counts) {
        List<Meter> made = new ArrayList<>();
        made.add(counter(FLOWS, "Flows of the agent", "allowed", subject, counts, AuditCounts::flowsAllowed));
        made.add(counter(FLOWS, "Flows of the agent", "denied", subject, counts, AuditCounts::flowsDenied));
        made.add(counter(
                NAMES, "Names that the agent asked for", "allowed", subject, counts, AuditCounts::namesAllowed));
        made.add(counter(NAMES, "Names that the agent asked for", "denied", subject, counts, AuditCounts::namesDenied));
        made.add(FunctionCounter.builder("agentcontainers.egress.unrecorded", counts, AuditCounts::unrecorded)
                .description("What is missing in the record of the agent")
                .tag("namespace", subject.agent().namespace())
                .tag("agent", subject.agent().name())
                .tag("assignment", subject.sandbox().value())
                .register(registry));
        meters.put(subject.sandbox(), made);
    }

    private Meter counter(
            String name,
            String description,
            String verdict,
            AuditSubject subject,
            AuditCounts counts,
            ToDoubleFunction<AuditCounts> value) {
        return FunctionCounter.builder(name, counts, value)
                .description(description)
                .tag("namespace", subject.agent().namespace())
                .tag("agent", subject.agent().name())
                .tag("assignment", subject.sandbox().value())
                .tag("verdict", verdict)
                .register(registry);
    }

    @Override
    public void gone(SandboxId id) {
        List<Meter> gone = meters.remove(id);
        if (gone != null) {
            gone.forEach(registry::remove);
        }
    }
}
