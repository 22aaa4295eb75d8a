package dev.agentcontainers.nodeagent.platform;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.image.agent.NodeUses;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes what a node has on its machine, found there and not remembered, but for the files in its folders. Only for a node
 * whose agents nobody looks after. May be repeated.
 */
public record NodeRemoval(Platform platform, NodeSettings settings) {
    /**
     * Kills what runs and removes it, the agents before their fence, and before it the egress proxy, which it holds to its
     * resolvers. What they had of images is released last: their layers may be removed from then on.
     *
     * @return the agents that there were
     */
    public List<SandboxId> remove() throws SandboxException, IOException {
        List<SandboxId> removed = new ArrayList<>();
        for (IsolationDriver driver : platform.drivers(settings)) {
            for (SandboxId id : driver.list()) {
                driver.remove(id);
                driver.purge(id);
                removed.add(id);
            }
        }
        endProxy();
        platform.fence(settings).destroy();
        platform.forget(settings);
        new NodeUses(settings.stateDirectory(), settings.name()).release();
        return removed;
    }

    private void endProxy() throws IOException {
        try {
            platform.proxy(settings).kill();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the egress proxy was ended", e);
        }
    }
}
