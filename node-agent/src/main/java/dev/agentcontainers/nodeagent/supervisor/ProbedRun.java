package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.ProbeFailure;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Probed;
import dev.agentcontainers.nodeagent.probe.AgentAttempts;
import dev.agentcontainers.nodeagent.probe.Health;
import dev.agentcontainers.nodeagent.probe.Probing;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The probes of one agent's run: asked from when it stands behind its fence until it ends or is asked to. What they have said is in
 * the journal, so that the next process goes on where this one ended. Used by one thread.
 */
final class ProbedRun implements AutoCloseable {
    private final SandboxId id;
    private final Fence fence;
    private final Clock clock;
    private final Runnable onChange;
    private Optional<Probing> probing = Optional.empty();

    /** @param onChange called on another thread when the probes say something new */
    ProbedRun(SandboxId id, Fence fence, Clock clock, Runnable onChange) {
        this.id = id;
        this.fence = fence;
        this.clock = clock;
        this.onChange = onChange;
    }

    /** Begins to ask, where it is not under way. */
    void follow(JournalEntry entry, IsolationDriver driver, Instant startedAt) {
        Probes probes = entry.assignment().probes();
        if (probing.isPresent() || !probes.any()) {
            return;
        }
        Duration age = Duration.between(startedAt, clock.instant());
        AgentAttempts attempts = new AgentAttempts(id, driver, fence);
        Optional<Probed> before = entry.run().flatMap(JournalEntry.Run::probed);
        probing = Optional.of(
                before.map(said -> Probing.ofAdopted(probes, said.started(), said.ready(), age, attempts, onChange))
                        .orElseGet(() -> Probing.ofNew(probes, age, attempts, onChange)));
    }

    /** What the probes say by now; empty while none is asked. */
    Optional<Health> health() {
        return probing.map(Probing::health);
    }

    static Probed probed(Health health) {
        return new Probed(health.started(), health.ready());
    }

    static ProbeFailure failure(Health.Fatal fatal) {
        return new ProbeFailure(fatal.reason(), fatal.message(), fatal.gracePeriod());
    }

    /** Asks no more; what comes next is another run, or the end. */
    @Override
    public void close() {
        probing.ifPresent(Probing::close);
        probing = Optional.empty();
    }
}
