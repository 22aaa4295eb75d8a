package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
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
import java.util.List;
import java.util.Map;

/** One process's fence of a {@link FakeMachine}. */
final class FakeFence implements Fence {
    private final FakeMachine machine;
    private final Calls calls;

    FakeFence(FakeMachine machine, Calls calls) {
        this.machine = machine;
        this.calls = calls;
    }

    @Override
    public void open(FenceSettings settings) {}

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
        return calls.call("apply", () -> machine.apply(groups));
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        return calls.call(
                "attach",
                () -> machine.attach(id, group, rates)
                        .orElseThrow(() -> new SandboxException(
                                Step.FENCE, Kind.TRANSIENT, "group " + group + " is not applied yet")));
    }

    @Override
    public void detach(SandboxId id) throws SandboxException {
        calls.act("detach", () -> machine.detach(id));
    }

    @Override
    public Map<SandboxId, Attachment> attachments() throws SandboxException {
        return calls.call("attachments", machine::attachments);
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations) {
        throw new UnsupportedOperationException("not part of these tests");
    }

    @Override
    public long confineProxy(Collection<InetSocketAddress> resolvers) {
        throw new UnsupportedOperationException("not part of these tests");
    }

    @Override
    public NameServerSockets nameServerSockets() {
        throw new UnsupportedOperationException("not part of these tests");
    }

    @Override
    public boolean destroyUnused() {
        return false;
    }

    @Override
    public void destroy() {}

    @Override
    public void neverAllow(List<String> addressesAndRanges) {}

    @Override
    public Condition repair() {
        return Condition.SOUND;
    }

    @Override
    public void onDisturbance(Runnable listener) {}
}
