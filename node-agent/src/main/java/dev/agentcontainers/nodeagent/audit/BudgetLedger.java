package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tells a trail what agents use of budgets, and once when one is used up. Thread-safe. */
final class BudgetLedger {
    private final AuditTrail trail;
    private final AuditSubjects subjects;
    private final Map<SandboxId, Map<String, Long>> told = new HashMap<>();
    private final Set<UsedUp> toldUsedUp = new HashSet<>();
    /** Agents of which an earlier process counted what they had used when this one began. */
    private final Set<SandboxId> adopted = new HashSet<>();

    BudgetLedger(AuditTrail trail, AuditSubjects subjects) {
        this.trail = trail;
        this.subjects = subjects;
    }

    /** A rule that gets more is told of again. */
    private record UsedUp(SandboxId agent, String rule, long bytes) {}

    /** What these have used before it is read first is counted already. */
    synchronized void adopt(Collection<SandboxId> agents) {
        adopted.addAll(agents);
    }

    /** @param budgets of all agents that are attached and have some */
    synchronized void take(Map<SandboxId, List<BudgetUse>> budgets) {
        budgets.forEach((id, uses) -> subjects.of(id).ifPresent(subject -> take(subject, uses)));
    }

    private void take(AuditSubject subject, List<BudgetUse> uses) {
        trail.spent(subject, uses);
        Map<String, Long> before = told.computeIfAbsent(subject.sandbox(), _ -> new HashMap<>());
        for (BudgetUse use : uses) {
            long more = use.used() - before.getOrDefault(use.rule(), 0L);
            if (more > 0) {
                before.put(use.rule(), use.used());
                if (!adopted.contains(subject.sandbox())) {
                    trail.spent(subject, use.rule(), more);
                }
            }
            if (use.exhausted()
                    && toldUsedUp.add(new UsedUp(
                            subject.sandbox(), use.rule(), use.bytes().orElse(0)))) {
                trail.take(new AuditRecord.BudgetUsedUp(Instant.now(), subject, use));
            }
        }
        adopted.remove(subject.sandbox());
    }

    /** The agent does not come again. */
    synchronized void forget(SandboxId id) {
        adopted.remove(id);
        told.remove(id);
        toldUsedUp.removeIf(each -> each.agent().equals(id));
    }
}
