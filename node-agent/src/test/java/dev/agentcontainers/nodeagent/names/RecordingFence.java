package dev.agentcontainers.nodeagent.names;

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
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A fence that opens whatever it is asked to, unless it is told to refuse. For one thread. */
final class RecordingFence implements Fence {
    private final Map<SandboxId, Attachment> attached = new LinkedHashMap<>();
    private final List<String> opened = new ArrayList<>();
    private final Set<String> hashes = new TreeSet<>();
    private boolean refusing;
    private Condition condition = Condition.SOUND;

    /** The next repair finds this to be put right. */
    void repairs(String what) {
        condition = new Condition(List.of(what), List.of());
    }

    void refuse() {
        refusing = true;
    }

    /** Each as {@code agent address:port/protocol}. */
    List<String> opened() {
        return List.copyOf(opened);
    }

    /** Of the rulesets in which the names were found. */
    Set<String> hashes() {
        return Set.copyOf(hashes);
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        if (refusing) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses");
        }
        Attachment before = attached.get(id);
        String address = before == null ? "100.80.4." + (2 + attached.size()) : before.address();
        Attachment attachment = new Attachment(address, group, "hash", 0);
        attached.put(id, attachment);
        return attachment;
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations)
            throws SandboxException {
        if (refusing) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses");
        }
        hashes.add(rulesetHash);
        destinations.forEach(destination -> opened.add(id + " " + destination));
    }

    @Override
    public long confineProxy(Collection<InetSocketAddress> resolvers) {
        throw new UnsupportedOperationException("not part of these tests");
    }

    @Override
    public NameServerSockets nameServerSockets() {
        throw new UnsupportedOperationException("not part of these tests");
    }

    /** As if there were just as much as is needed. */
    @Override
    public long lend(SandboxId id, String rule, long needed) throws SandboxException {
        if (refusing) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses");
        }
        opened.add("lent %d to %s of %s".formatted(needed, id, rule));
        return needed;
    }

    @Override
    public void takeBack(SandboxId id, String rule, long bytes) {
        opened.add("taken back %d from %s of %s".formatted(bytes, id, rule));
    }

    @Override
    public void open(FenceSettings settings) {}

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) {
        return Map.of();
    }

    @Override
    public void detach(SandboxId id) {
        attached.remove(id);
    }

    @Override
    public Map<SandboxId, Attachment> attachments() {
        return Map.copyOf(attached);
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) {}

    @Override
    public Condition repair() {
        return condition;
    }

    @Override
    public void onDisturbance(Runnable listener) {}

    @Override
    public boolean destroyUnused() {
        return false;
    }

    @Override
    public void destroy() {}
}
