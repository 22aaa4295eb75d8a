package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.FlowTraffic;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** A fence that gives addresses one after the other and tells what the test says. */
final class EventfulFence implements Fence {
    private final Map<SandboxId, Attachment> attached = new HashMap<>();
    Consumer<FenceEvent> listener = _ -> {};
    /** What the kernel counts as long as it knows the agent. */
    final Map<SandboxId, Long> denied = new ConcurrentHashMap<>();

    final Map<SandboxId, List<BudgetUse>> used = new ConcurrentHashMap<>();

    final Map<String, FlowTraffic> traffic = new ConcurrentHashMap<>();

    int nextAddress = 1;
    boolean unobservable;
    boolean unlistable;

    @Override
    public void open(FenceSettings settings) {}

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) {
        return Map.of();
    }

    @Override
    public synchronized Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates) {
        return attached.computeIfAbsent(id, _ -> new Attachment("100.80.4." + nextAddress++, group, "hash", 0));
    }

    @Override
    public Map<SandboxId, List<BudgetUse>> budgets() {
        return Map.copyOf(used);
    }

    @Override
    public List<FlowTraffic> traffic() throws SandboxException {
        if (unlistable) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "made to fail");
        }
        return List.copyOf(traffic.values());
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations) {}

    @Override
    public long confineProxy(Collection<InetSocketAddress> resolvers) throws SandboxException {
        throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "no proxy here");
    }

    @Override
    public NameServerSockets nameServerSockets() throws SandboxException {
        throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "no sockets here");
    }

    @Override
    public synchronized void detach(SandboxId id) {
        attached.remove(id);
        denied.remove(id);
    }

    @Override
    public synchronized Map<SandboxId, Attachment> attachments() {
        Map<SandboxId, Attachment> now = new HashMap<>();
        attached.forEach((id, each) ->
                now.put(id, new Attachment(each.address(), each.group(), each.hash(), denied.getOrDefault(id, 0L))));
        return now;
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) {}

    @Override
    public Condition repair() {
        return Condition.SOUND;
    }

    @Override
    public void onDisturbance(Runnable to) {}

    @Override
    public void observe(Consumer<FenceEvent> to) throws SandboxException {
        if (unobservable) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "made to fail");
        }
        listener = to;
    }

    @Override
    public boolean destroyUnused() {
        return false;
    }

    @Override
    public void destroy() {}
}
