package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.AgentReporter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts agents by phase, what became of starts, and restarts, from the reports that pass.
 *
 * <p>A report that repeats what was said before counts nothing; what an earlier process has counted is not counted again,
 * because an adopted agent's first report is where counting begins.
 */
public final class MeteredReporter implements AgentReporter {
    private final AgentReporter reporter;
    private final MeterRegistry registry;
    private final Map<SandboxId, AgentReport> last = new ConcurrentHashMap<>();

    public MeteredReporter(AgentReporter reporter, MeterRegistry registry) {
        this.reporter = reporter;
        this.registry = registry;
        for (AssignmentPhase phase : AssignmentPhase.values()) {
            if (phase != AssignmentPhase.Stopped) {
                Gauge.builder("agentcontainers.node.agents", last, reports -> in(reports, phase))
                        .description("Agents on this node")
                        .tag("phase", phase.name())
                        .register(registry);
            }
        }
    }

    @Override
    public void report(AgentReport report) {
        SandboxId id = report.assignment().id();
        AgentReport before = report.phase() == AssignmentPhase.Stopped ? last.remove(id) : last.put(id, report);
        if (before != null) {
            count(before, report);
        }
        reporter.report(report);
    }

    private void count(AgentReport before, AgentReport now) {
        if (now.restarts() > before.restarts()) {
            registry.counter("agentcontainers.node.restarts").increment(now.restarts() - before.restarts());
        }
        if (before.phase() != AssignmentPhase.Preparing) {
            return;
        }
        boolean running = now.phase() == AssignmentPhase.Running;
        boolean failed = !now.reason().equals(before.reason()) && now.reason().endsWith("Failed");
        boolean refused = now.phase() == AssignmentPhase.Rejected;
        if (running || failed || refused) {
            registry.counter("agentcontainers.node.starts", "result", now.reason())
                    .increment();
        }
    }

    private static double in(Map<SandboxId, AgentReport> reports, AssignmentPhase phase) {
        return reports.values().stream()
                .filter(report -> report.phase() == phase)
                .count();
    }
}
