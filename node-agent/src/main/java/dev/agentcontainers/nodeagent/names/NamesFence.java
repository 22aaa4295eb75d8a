package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A fence of which it is known, without asking the kernel each time, whom it holds and which names they may resolve. What is
 * known of agents is learnt after the fence and forgotten before it.
 */
public final class NamesFence extends ForwardingFence {
    private final Map<SandboxId, Attachment> agents = new ConcurrentHashMap<>();
    private volatile Map<String, NamedGroup> groups = Map.of();
    private volatile ClosedToNames closed = ClosedToNames.of("0.0.0.0/0", List.of());
    private volatile FenceSettings settings = new FenceSettings("", "0.0.0.0/0", List.of());
    private volatile Runnable listener = () -> {};
    private volatile Consumer<String> newcomers = _ -> {};
    private final AtomicLong closings = new AtomicLong();

    public NamesFence(Fence fence) {
        super(fence);
    }

    /** An attached agent. */
    record Named(SandboxId id, NamedGroup group) {}

    /** Has the listener told, on the thread that changes it, that agents or their names are others. */
    void onChange(Runnable to) {
        listener = to;
    }

    /** A number that is another after anything that names had opened may have been closed. */
    long closings() {
        return closings.get();
    }

    private void mayHaveClosed() {
        closings.incrementAndGet();
        listener.run();
    }

    /** Has the listener called with the address of each agent that is attached and may resolve names, before it starts. */
    void onNewcomer(Consumer<String> to) {
        newcomers = to;
    }

    /** Address to group. */
    Map<String, String> agents() {
        return agents.values().stream()
                .collect(Collectors.toMap(Attachment::address, Attachment::group, (_, later) -> later));
    }

    /** Address to who it is. */
    Map<String, String> identities() {
        return agents.entrySet().stream()
                .collect(Collectors.toMap(
                        agent -> agent.getValue().address(),
                        agent -> agent.getKey().value(),
                        (_, later) -> later));
    }

    Map<String, NamedGroup> groups() {
        return groups;
    }

    /** Who has that address. */
    Optional<Named> agentAt(String address) {
        return agents.entrySet().stream()
                .filter(entry -> entry.getValue().address().equals(address))
                .findFirst()
                .flatMap(
                        entry -> Optional.ofNullable(groups.get(entry.getValue().group()))
                                .map(group -> new Named(entry.getKey(), group)));
    }

    /** The agent of {@link #identities}. */
    Optional<Named> agentNamed(String identity) {
        return agents.entrySet().stream()
                .filter(entry -> entry.getKey().value().equals(identity))
                .findFirst()
                .flatMap(
                        entry -> Optional.ofNullable(groups.get(entry.getValue().group()))
                                .map(group -> new Named(entry.getKey(), group)));
    }

    /** What no name opens, beside the node's own addresses. */
    ClosedToNames closed() {
        return closed;
    }

    @Override
    public void open(FenceSettings with) throws SandboxException {
        fence.open(with);
        settings = with;
        closed = ClosedToNames.of(with.fleetCidr(), with.neverAllowed());
        agents.putAll(fence.attachments());
        mayHaveClosed();
    }

    @Override
    public Map<String, String> apply(List<GroupRuleset> rulesets) throws SandboxException {
        // What is asked for meanwhile by former rules the fence refuses, since their hash is another.
        Map<String, String> held;
        try {
            held = fence.apply(rulesets);
        } catch (SandboxException | RuntimeException e) {
            // It may have come half the way.
            mayHaveClosed();
            throw e;
        }
        Map<String, NamedGroup> now = rulesets.stream()
                .collect(Collectors.toMap(GroupRuleset::name, each -> NamedGroup.of(each.inForce(held))));
        boolean same = hashes(groups).equals(hashes(now));
        if (!same) {
            // Before anybody can tell the proxy of them, which forgets first.
            closings.incrementAndGet();
        }
        groups = now;
        listener.run();
        return held;
    }

    private static Map<String, String> hashes(Map<String, NamedGroup> groups) {
        return groups.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().hash()));
    }

    /** Where others changed the rules, what names had opened may be closed with what is put right. */
    @Override
    public Condition repair() throws SandboxException {
        Condition condition = fence.repair();
        if (!condition.repaired().isEmpty()) {
            mayHaveClosed();
        }
        return condition;
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        Attachment before = agents.get(id);
        if (before != null && !before.group().equals(group)) {
            agents.remove(id);
        }
        Attachment attached;
        try {
            attached = fence.attach(id, network, group, rates);
        } catch (SandboxException e) {
            // What the fence holds of it is not known now.
            agents.remove(id);
            mayHaveClosed();
            throw e;
        }
        Attachment known = agents.put(id, attached);
        boolean other = before != null
                && !(before.address().equals(attached.address())
                        && before.group().equals(group));
        if (other) {
            mayHaveClosed();
        } else if (known == null) {
            listener.run();
        }
        NamedGroup its = groups.get(group);
        if (known == null && its != null && !its.names().isEmpty()) {
            newcomers.accept(attached.address());
        }
        return attached;
    }

    @Override
    public void detach(SandboxId id) throws SandboxException {
        agents.remove(id);
        mayHaveClosed();
        fence.detach(id);
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) throws SandboxException {
        ClosedToNames others = ClosedToNames.of(settings.fleetCidr(), addressesAndRanges);
        boolean same = others.equals(closed);
        closed = others;
        try {
            fence.neverAllow(addressesAndRanges);
        } finally {
            // Also where the fence has failed: the proxy is to go to nothing that should be closed by now.
            if (!same) {
                mayHaveClosed();
            }
        }
    }

    @Override
    public void destroy() throws SandboxException {
        agents.clear();
        mayHaveClosed();
        fence.destroy();
    }
}
