package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.nodeagent.standalone.Run;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import java.util.List;

/** Makes runs of what users ask for. */
@FunctionalInterface
interface Runs {
    /**
     * A run that is not begun yet.
     *
     * @param neverAllowed addresses and ranges that no policy opens
     */
    Run of(RunObjects objects, List<String> neverAllowed, RunObserver observer);
}
