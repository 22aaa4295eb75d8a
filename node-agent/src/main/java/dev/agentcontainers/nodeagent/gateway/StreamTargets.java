package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.audit.AuditWatch;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.usage.UsageOverTime;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/** What can be streamed on this node. Thread-safe. */
public interface StreamTargets {
    /** The driver of an agent that is assigned to this node; empty for any other. */
    Optional<IsolationDriver> driver(SandboxId id);

    /** What that agent is let do and denied from now on, to be closed; empty where this node keeps no record. */
    default Optional<AuditWatch> egress(SandboxId id) {
        return Optional.empty();
    }

    /**
     * What that agent uses now, and in the second before at least, which is waited for where nothing is known of it; empty where it does
     * not run.
     */
    Optional<UsageOverTime> usage(SandboxId id) throws SandboxException, InterruptedException;

    /**
     * Writes the files of an agent that rests on this node as an archive, on a thread that is interrupted where it is to end.
     *
     * @throws SandboxException where they can't be had, with the reason
     * @throws IOException where the archive can't be written on
     */
    Contents save(SandboxId id, OutputStream archive) throws SandboxException, IOException;

    /** Puts those of such an archive in their place, all or none, in the same way. */
    Contents restore(SandboxId id, InputStream archive) throws SandboxException, IOException;

    /** True where the agent has ended and will not be started again: its log is complete. */
    boolean isFinished(SandboxId id);
}
