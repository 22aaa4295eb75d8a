package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.concurrent.atomic.AtomicLong;

/** A fence that remembers how many packets it denied to agents that are gone. */
final class CountingFence extends ForwardingFence {
    private final AtomicLong denied = new AtomicLong();

    CountingFence(Fence fence) {
        super(fence);
    }

    long deniedPackets() {
        return denied.get();
    }

    /** The kernel's counter goes with the attachment. */
    @Override
    public void detach(SandboxId id) throws SandboxException {
        long deniedToIt = fence.deniedPackets(id);
        fence.detach(id);
        denied.addAndGet(deniedToIt);
    }
}
