package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditWatch;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.gateway.StreamTargets;
import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.AgentFiles;
import dev.agentcontainers.nodeagent.usage.AgentUses;
import dev.agentcontainers.nodeagent.usage.UsageOverTime;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;

/**
 * What users may read and enter on this node: the agents of the journal, which is what the supervisor has taken on. What
 * else a driver may know of is nobody's to see.
 */
final class AgentStreams implements StreamTargets {
    private final AgentFiles files;
    private final Journal journal;
    private final Map<String, IsolationDriver> drivers;
    private final AuditTrail trail;
    private final AgentUses uses;

    /** @param drivers by name */
    AgentStreams(
            AgentFiles files, Journal journal, Map<String, IsolationDriver> drivers, AuditTrail trail, AgentUses uses) {
        this.files = files;
        this.journal = journal;
        this.trail = trail;
        this.uses = uses;
        this.drivers = Map.copyOf(drivers);
    }

    @Override
    public Optional<IsolationDriver> driver(SandboxId id) {
        return journal.entry(id)
                .flatMap(entry -> Optional.ofNullable(
                        drivers.get(entry.assignment().driver().name())));
    }

    @Override
    public Optional<AuditWatch> egress(SandboxId id) {
        return Optional.of(trail.watch(Optional.of(id)));
    }

    @Override
    public Optional<UsageOverTime> usage(SandboxId id) throws SandboxException, InterruptedException {
        Optional<IsolationDriver> driver = driver(id);
        return driver.isPresent() ? uses.now(id, driver.get()) : Optional.empty();
    }

    @Override
    public Contents save(SandboxId id, OutputStream archive) throws SandboxException, IOException {
        return files.save(id, archive);
    }

    @Override
    public Contents restore(SandboxId id, InputStream archive) throws SandboxException, IOException {
        return files.restore(id, archive);
    }

    /** An agent that is gone is finished too. */
    @Override
    public boolean isFinished(SandboxId id) {
        return journal.entry(id).map(entry -> entry.outcome().isPresent()).orElse(true);
    }
}
