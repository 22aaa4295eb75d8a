package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;

/** A fence whose steps are measured. */
public final class MeteredFence extends ForwardingFence {
    private static final String BY = "fence";

    private final StepTimers timers;
    private final Counter repairs;

    public MeteredFence(Fence fence, MeterRegistry registry) {
        super(fence);
        this.timers = new StepTimers(registry);
        this.repairs = Counter.builder("agentcontainers.node.fence.repairs")
                .description("Things outside the fence that had to be put right")
                .register(registry);
    }

    @Override
    public void open(FenceSettings settings) throws SandboxException {
        timers.timeAction("open", BY, () -> fence.open(settings));
    }

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
        return timers.time("apply", BY, () -> fence.apply(groups));
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        return timers.time("attach", BY, () -> fence.attach(id, network, group, rates));
    }

    @Override
    public void detach(SandboxId id) throws SandboxException {
        timers.timeAction("detach", BY, () -> fence.detach(id));
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations)
            throws SandboxException {
        timers.timeAction("open resolved", BY, () -> fence.openResolved(id, rulesetHash, destinations));
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) throws SandboxException {
        timers.timeAction("never allow", BY, () -> fence.neverAllow(addressesAndRanges));
    }

    @Override
    public Condition repair() throws SandboxException {
        Condition condition = timers.time("repair", BY, fence::repair);
        repairs.increment(condition.repaired().size());
        return condition;
    }
}
