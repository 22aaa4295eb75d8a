package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import dev.agentcontainers.nodeagent.observability.MeteredDriver;
import dev.agentcontainers.nodeagent.observability.MeteredFence;
import dev.agentcontainers.nodeagent.observability.MeteredReporter;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The meters that a node agent has, from a driver, a fence and reports as they are in the other tests. */
class MeteredNodeTest {
    private static final SandboxId ID = new SandboxId("a");

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final Calls calls = new Calls();
    private final FakeMachine machine = new FakeMachine(new SettableClock());

    @Test
    void stepsAreTimedByResult() throws SandboxException {
        MeteredDriver driver = new MeteredDriver(new FakeDriver(machine, calls), registry);
        MeteredFence fence = new MeteredFence(new FakeFence(machine, calls), registry);
        fence.apply(List.of());
        assertThatThrownBy(() -> fence.attach(ID, new NetworkAttachment(1), "missing"))
                .isInstanceOf(SandboxException.class);
        calls.fail("kill", new SandboxException(Step.STOP, Kind.UNSUPPORTED, "no"));
        assertThatThrownBy(() -> driver.kill(ID)).isInstanceOf(SandboxException.class);
        driver.remove(ID);

        assertThat(count("apply", "fence", "done")).isEqualTo(1);
        assertThat(count("attach", "fence", "transient")).isEqualTo(1);
        assertThat(count("kill", "process", "unsupported")).isEqualTo(1);
        assertThat(count("remove", "process", "done")).isEqualTo(1);
    }

    @Test
    void agentsStartsAndRestartsAreCounted() {
        MeteredReporter reporter = new MeteredReporter(report -> {}, registry);
        reporter.report(report(AssignmentPhase.Preparing, "Starting", 0));
        reporter.report(report(AssignmentPhase.Preparing, "CreateFailed", 0));
        reporter.report(report(AssignmentPhase.Running, "Running", 0));
        assertThat(agents(AssignmentPhase.Running)).isEqualTo(1);
        reporter.report(report(AssignmentPhase.Preparing, "BackOff", 1));
        reporter.report(report(AssignmentPhase.Running, "Running", 1));
        reporter.report(report(AssignmentPhase.Running, "FenceFailed", 1));

        assertThat(starts("Running")).isEqualTo(2);
        assertThat(starts("CreateFailed")).isEqualTo(1);
        assertThat(registry.get("agentcontainers.node.restarts").counter().count())
                .isEqualTo(1);
        reporter.report(report(AssignmentPhase.Stopped, "Deleted", 1));
        assertThat(agents(AssignmentPhase.Running)).isZero();
    }

    private long count(String step, String by, String result) {
        return registry.get("agentcontainers.node.step")
                .tags("step", step, "by", by, "result", result)
                .timer()
                .count();
    }

    private double starts(String result) {
        return registry.get("agentcontainers.node.starts")
                .tag("result", result)
                .counter()
                .count();
    }

    private double agents(AssignmentPhase phase) {
        return registry.get("agentcontainers.node.agents")
                .tag("phase", phase.name())
                .gauge()
                .value();
    }

    private static AgentReport report(AssignmentPhase phase, String reason, int restarts) {
        return new AgentReport(
                Assignments.of("a").assignment(),
                phase,
                reason,
                "",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                restarts,
                Milestones.NONE);
    }
}
