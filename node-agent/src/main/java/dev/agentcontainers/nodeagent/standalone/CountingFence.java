package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** A fence that remembers how many packets it denied to agents that are gone. */
final class CountingFence implements Fence {
    private final Fence fence;
    private final AtomicLong denied = new AtomicLong();

    CountingFence(Fence fence) {
        this.fence = fence;
    }

    long deniedPackets() {
        return denied.get();
    }

    @Override
    public void open(FenceSettings settings) throws SandboxException {
        fence.open(settings);
    }

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
        return fence.apply(groups);
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group) throws SandboxException {
        return fence.attach(id, network, group);
    }

    /** The kernel's counter goes with the attachment. */
    @Override
    public void detach(SandboxId id) throws SandboxException {
        long deniedToIt = fence.deniedPackets(id);
        fence.detach(id);
        denied.addAndGet(deniedToIt);
    }

    @Override
    public void openResolved(SandboxId id, List<ResolvedDestination> destinations) throws SandboxException {
        fence.openResolved(id, destinations);
    }

    @Override
    public NameServerSockets nameServerSockets() throws SandboxException {
        return fence.nameServerSockets();
    }

    @Override
    public Map<SandboxId, Attachment> attachments() throws SandboxException {
        return fence.attachments();
    }

    @Override
    public long deniedPackets(SandboxId id) throws SandboxException {
        return fence.deniedPackets(id);
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) throws SandboxException {
        fence.neverAllow(addressesAndRanges);
    }

    @Override
    public Condition repair() throws SandboxException {
        return fence.repair();
    }

    @Override
    public void onDisturbance(Runnable listener) throws SandboxException {
        fence.onDisturbance(listener);
    }

    @Override
    public boolean destroyUnused() throws SandboxException {
        return fence.destroyUnused();
    }

    @Override
    public void destroy() throws SandboxException {
        fence.destroy();
    }
}
