package dev.agentcontainers.nodeagent.kubernetes;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A fence of maps: answers each ruleset's own hash as the kernel's. */
public final class FakeFence implements Fence {
    private final Map<SandboxId, Attachment> attachments = new HashMap<>();
    private Map<String, String> hashes = Map.of();
    private Optional<FenceSettings> settings = Optional.empty();
    private int applied;
    private int failures;

    /** Lets that many of the next rulesets fail. */
    public synchronized void failToApply(int times) {
        failures = times;
    }

    public synchronized Optional<FenceSettings> settings() {
        return settings;
    }

    /** How many rulesets were applied. */
    public synchronized int applied() {
        return applied;
    }

    @Override
    public synchronized void open(FenceSettings with) {
        settings = Optional.of(with);
    }

    @Override
    public synchronized Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
        if (failures > 0) {
            failures--;
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses for once");
        }
        applied++;
        Map<String, String> now = new HashMap<>();
        groups.forEach(group -> now.put(group.name(), group.hash()));
        hashes = Map.copyOf(now);
        return hashes;
    }

    @Override
    public synchronized Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        String hash = hashes.get(group);
        if (hash == null) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "group " + group + " is not applied");
        }
        Attachment attachment = new Attachment("100.80.4.2", group, hash, 0);
        attachments.put(id, attachment);
        return attachment;
    }

    @Override
    public synchronized void detach(SandboxId id) {
        attachments.remove(id);
    }

    @Override
    public synchronized Map<SandboxId, Attachment> attachments() {
        return Map.copyOf(attachments);
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
    public synchronized boolean destroyUnused() {
        if (attachments.isEmpty()) {
            destroy();
            return true;
        }
        return false;
    }

    @Override
    public synchronized void destroy() {
        attachments.clear();
        settings = Optional.empty();
    }

    @Override
    public synchronized void neverAllow(List<String> addressesAndRanges) throws SandboxException {
        FenceSettings before =
                settings.orElseThrow(() -> new SandboxException(Step.FENCE, Kind.TRANSIENT, "the fence is not open"));
        settings = Optional.of(new FenceSettings(before.agentCidr(), before.fleetCidr(), addressesAndRanges));
    }

    @Override
    public Condition repair() {
        return Condition.SOUND;
    }

    @Override
    public void onDisturbance(Runnable listener) {}
}
