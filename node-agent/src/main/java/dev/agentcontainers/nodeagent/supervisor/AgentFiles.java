package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * The files of agents while they rest. Both work on the calling thread, which is interrupted where the agent is not to rest any more:
 * what is desired of it goes before.
 */
public interface AgentFiles {
    /**
     * Writes them as an archive.
     *
     * @throws SandboxException also where the agent does not rest here
     * @throws IOException where the archive can't be written on
     */
    Contents save(SandboxId id, OutputStream archive) throws SandboxException, IOException;

    /**
     * Puts those of such an archive in their place, all of them or none.
     *
     * @throws SandboxException also where the agent does not rest here, or the archive is to blame
     */
    Contents restore(SandboxId id, InputStream archive) throws SandboxException, IOException;
}
