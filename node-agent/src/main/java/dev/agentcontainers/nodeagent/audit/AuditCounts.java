package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** What an agent was let do and denied so far, as far as this process has seen it; more than was recorded. Thread-safe. */
public final class AuditCounts {
    /** Rules come and go in an agent's life. */
    private static final int MOST_RULES = 512;

    private static final String OTHER_RULES = "others";

    private final Instant since;
    private volatile Optional<String> lastDenied = Optional.empty();
    private volatile List<BudgetUse> budgets = List.of();
    private final AtomicLong flowsAllowed = new AtomicLong();
    private final AtomicLong flowsDenied = new AtomicLong();
    private final AtomicLong namesAllowed = new AtomicLong();
    private final AtomicLong namesDenied = new AtomicLong();
    private final AtomicLong unrecorded = new AtomicLong();
    private final Map<String, RuleTraffic> rules = new ConcurrentHashMap<>();

    /** @param since when counting began */
    public AuditCounts(Instant since) {
        this.since = since;
    }

    void count(AuditRecord record) {
        Denials.inWords(record).ifPresent(denial -> lastDenied = Optional.of(denial));
        switch (record) {
            case AuditRecord.FlowOpened _ -> flowsAllowed.incrementAndGet();
            case AuditRecord.FlowClosed _ -> {}
            case AuditRecord.FlowDenied _ -> flowsDenied.incrementAndGet();
            case AuditRecord.NameDecided decided ->
                (decided.isAllowed() ? namesAllowed : namesDenied).incrementAndGet();
            // That it has begun was told of already, by the kernel.
            case AuditRecord.TlsDecided decided -> {
                if (!decided.isAllowed()) {
                    flowsDenied.incrementAndGet();
                }
            }
            case AuditRecord.HttpDecided decided -> {
                if (!decided.isAllowed()) {
                    flowsDenied.incrementAndGet();
                }
            }
            case AuditRecord.BudgetUsedUp _ -> {}
            case AuditRecord.Missing missing -> unrecorded.addAndGet(missing.count());
        }
    }

    /** Of rules that are too many by then nothing more is told apart. */
    synchronized void passed(String rule, long flows, Traffic traffic) {
        String counted = rules.containsKey(rule) || rules.size() < MOST_RULES ? rule : OTHER_RULES;
        rules.merge(counted, new RuleTraffic(flows, traffic), RuleTraffic::plus);
    }

    /** What passed by each rule for which something counted, as of some seconds ago. */
    public Map<String, RuleTraffic> rules() {
        return Map.copyOf(rules);
    }

    void spent(List<BudgetUse> uses) {
        budgets = List.copyOf(uses);
    }

    /** What was used of each budget, as of some seconds ago. */
    public List<BudgetUse> budgets() {
        return budgets;
    }

    /** When counting began. */
    public Instant since() {
        return since;
    }

    /** What was denied last and why, in words. */
    public Optional<String> lastDenied() {
        return lastDenied;
    }

    public long flowsAllowed() {
        return flowsAllowed.get();
    }

    /** Packets, connections that may be TLS only, and requests of HTTP, that were told of one by one. */
    public long flowsDenied() {
        return flowsDenied.get();
    }

    public long namesAllowed() {
        return namesAllowed.get();
    }

    public long namesDenied() {
        return namesDenied.get();
    }

    /** What is known to be missing in the record. */
    public long unrecorded() {
        return unrecorded.get();
    }
}
