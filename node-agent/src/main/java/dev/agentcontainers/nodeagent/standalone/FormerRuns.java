package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.function.Consumer;

/** What runs that were killed have left on a machine. */
public final class FormerRuns {
    private FormerRuns() {}

    /**
     * Removes it. Not to be called by who is about to run something: each run removes it too.
     *
     * @param warnings where it is said what could not be removed
     * @return what the machine is, where runs take place
     * @throws RefusedRunException where runs take all places
     */
    public static MachineFacts remove(Platform platform, Consumer<String> warnings)
            throws IOException, RefusedRunException {
        try (ClaimedPlace claimed = ClaimedPlace.claim(platform, warnings)) {
            MachineFacts machine = platform.facts(claimed.place().settings());
            new Leftovers(platform, claimed.place().settings()).remove();
            return machine;
        } catch (SandboxException e) {
            throw new IOException(e);
        }
    }
}
