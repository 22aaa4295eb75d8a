package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.nodeagent.audit.AuditCounters;
import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * What each agent was let do and denied, as counters. They are there while the agent is, so that there are as many as the
 * node has agents and not as many as it ever had.
 */
public final class AuditMeters implements AuditCounters {
    private static final String FLOWS = "agentcontainers.egress.flows";
    private static final String NAMES = "agentcontainers.egress.names";

    private static final String SPENT = "agentcontainers.egress.budget.bytes";
    private static final String RULE_FLOWS = "agentcontainers.egress.rule.flows";
    private static final String RULE_BYTES = "agentcontainers.egress.rule.bytes";
    private static final String RULE_PACKETS = "agentcontainers.egress.rule.packets";
    private static final String USED_UP = "agentcontainers.egress.budget.exhausted";
    static final int MOST_RULES = 1000;
    private static final String OTHERS = "others";

    private final MeterRegistry registry;
    /** Rules that have meters of their own; those stay, so that they are no more than so many. Guarded by itself. */
    private final Set<Rule> rules = new HashSet<>();

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

    private record Rule(String namespace, String policy, String field) {}

    /** Of all agents of the node together: by agent it is in their status. */
    @Override
    public void passed(AuditSubject subject, String rule, long flows, Traffic traffic) {
        ofRule(RULE_FLOWS, "Flows that the rule let begin", subject, rule).increment(flows);
        directed(RULE_BYTES, "Bytes that passed by the rule", "sent", subject, rule)
                .increment(traffic.bytesSent());
        directed(RULE_BYTES, "Bytes that passed by the rule", "received", subject, rule)
                .increment(traffic.bytesReceived());
        directed(RULE_PACKETS, "Packets that passed by the rule", "sent", subject, rule)
                .increment(traffic.packetsSent());
        directed(RULE_PACKETS, "Packets that passed by the rule", "received", subject, rule)
                .increment(traffic.packetsReceived());
    }

    /** The same. */
    @Override
    public void spent(AuditSubject subject, String rule, long bytes) {
        ofRule(SPENT, "Bytes charged to the budget of the rule", subject, rule).increment(bytes);
    }

    @Override
    public void usedUp(AuditSubject subject, String rule) {
        ofRule(USED_UP, "Agents that have used up the budget of the rule", subject, rule)
                .increment();
    }

    private Counter directed(String name, String description, String direction, AuditSubject subject, String rule) {
        return ofRule(name, description, subject, rule, Tags.of("direction", direction));
    }

    private Counter ofRule(String name, String description, AuditSubject subject, String rule) {
        return ofRule(name, description, subject, rule, Tags.empty());
    }

    private Counter ofRule(String name, String description, AuditSubject subject, String rule, Tags more) {
        int space = rule.indexOf(' ');
        Rule its = space < 0
                ? new Rule(subject.agent().namespace(), rule, "")
                : new Rule(subject.agent().namespace(), rule.substring(0, space), rule.substring(space + 1));
        Rule counted = counted(its);
        return Counter.builder(name)
                .description(description)
                .tag("namespace", counted.namespace)
                .tag("policy", counted.policy)
                .tag("rule", counted.field)
                .tags(more)
                .register(registry);
    }

    /** The rule under which it counts: itself, or what stands for all above the bound. */
    private Rule counted(Rule rule) {
        synchronized (rules) {
            if (rules.contains(rule)) {
                return rule;
            }
            if (rules.size() >= MOST_RULES) {
                return new Rule(OTHERS, OTHERS, OTHERS);
            }
            rules.add(rule);
            return rule;
        }
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
