package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;

/**
 * The start of an agent by runsc, and what is known of it afterwards, on disk: an agent that may have begun is never started
 * again, one that has not is.
 */
record GvisorStart(SandboxFiles files, SandboxRuns runs, RunRecord record) {
    /** With what runsc ends where it says what has gone wrong. Source: gVisor, runsc/cmd/util/util.go. */
    private static final int SAID = 128;

    /** Throws as {@link RuntimeCommand#run} does. */
    interface Runsc {
        void start() throws IOException;
    }

    /**
     * Has it started, once.
     *
     * @throws IOException where runsc fails; whether the agent has begun is in the sandbox's state
     */
    void by(Runsc runsc) throws IOException, InterruptedException {
        Files.createFile(files.starting());
        try {
            runsc.start();
        } catch (SystemCallException e) {
            // There was no runsc.
            Files.delete(files.starting());
            throw e;
        } catch (RuntimeCommand.RefusedException e) {
            // It may also say that it has not heard of what it has begun, or could not write it down.
            if (e.code() == SAID && runs.stillWaits(files, record)) {
                Files.move(files.starting(), files.refused());
            }
            throw e;
        }
    }
}
