package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.util.Optional;

/** Stops one agent and removes everything of it; the fence goes after the last process. Used by one thread. */
record Dismantling(
        SandboxId id,
        NodeParts node,
        Capacity capacity,
        AgentRecord agent,
        AgentReports reports,
        FencedRun fenced,
        ProbedRun probed,
        HeldImages images) {
    /** @param assignment the last that is known, for the report */
    Next dismantle(Assignment assignment) throws SandboxException, InterruptedException {
        JournalEntry entry = deleted(assignment);
        probed.close();
        images.stopPull();
        for (IsolationDriver driver : node.drivers().values()) {
            if (driver.name().equals(assignment.driver().name())) {
                if (driver.state(id) instanceof SandboxState.Running) {
                    reports.stopping(assignment, Optional.of(entry));
                    entry = fenced.stop(driver, agent, entry);
                }
                entry = exitRecorded(entry, driver);
                fenced.remove(driver);
                driver.purge(id);
            }
        }
        if (entry.assignment().needsImages() || assignment.needsImages()) {
            images.release();
        }
        node.fence().detach(id);
        node.fence().forgetBudgets(id);
        capacity.release(id);
        agent.delete();
        reports.stopped(assignment, Optional.of(entry));
        return new Next.Done();
    }

    /** From here on it is not started again, whatever happens. */
    private JournalEntry deleted(Assignment assignment) {
        return agent.entry()
                .map(entry -> entry.state() == JournalEntry.State.DELETED ? entry : agent.keep(entry.deleted()))
                .orElseGet(() -> JournalEntry.of(assignment).deleted());
    }

    /** While the run's traces are there: they are all that tells how it ended. */
    private JournalEntry exitRecorded(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        boolean unknown = entry.run().isPresent() || entry.lastExit().isEmpty();
        return unknown && driver.state(id) instanceof SandboxState.Exited(ExitStatus exit)
                ? agent.keep(entry.exited(exit))
                : entry;
    }
}
