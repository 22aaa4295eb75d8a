package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A fence that leaves everything to another. What extends it adds to some of it. */
public abstract class ForwardingFence implements Fence {
    protected final Fence fence;

    protected ForwardingFence(Fence fence) {
        this.fence = fence;
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
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        return fence.attach(id, network, group, rates);
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations)
            throws SandboxException {
        fence.openResolved(id, rulesetHash, destinations);
    }

    @Override
    public NameServerSockets nameServerSockets() throws SandboxException {
        return fence.nameServerSockets();
    }

    @Override
    public long confineProxy(Collection<InetSocketAddress> resolvers) throws SandboxException {
        return fence.confineProxy(resolvers);
    }

    @Override
    public AgentConnection connect(SandboxId id, int port) throws SandboxException {
        return fence.connect(id, port);
    }

    @Override
    public void detach(SandboxId id) throws SandboxException {
        fence.detach(id);
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
    public Map<SandboxId, List<BudgetUse>> budgets() throws SandboxException {
        return fence.budgets();
    }

    @Override
    public long lend(SandboxId id, String rule, long needed) throws SandboxException {
        return fence.lend(id, rule, needed);
    }

    @Override
    public void takeBack(SandboxId id, String rule, long bytes) throws SandboxException {
        fence.takeBack(id, rule, bytes);
    }

    @Override
    public void forgetBudgets(SandboxId id) throws SandboxException {
        fence.forgetBudgets(id);
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
    public void observe(Consumer<FenceEvent> listener) throws SandboxException {
        fence.observe(listener);
    }

    @Override
    public List<FlowTraffic> traffic() throws SandboxException {
        return fence.traffic();
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
