package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.AgentConnection;
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
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A pinned network namespace between agents and host. It stays, with its rules, when this process ends: {@link #close}
 * lets go of it, only {@link #destroy} removes it.
 *
 * <p>Needs root, Linux 5.11 or newer, nftables with libnftables, and forwarding of IPv4, which it switches on at the
 * interfaces that need it.
 */
public final class LinuxFence implements Fence, AutoCloseable {
    private static final Pattern GROUP = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
    private static final Duration EVERYTHING_READ_EVERY = Duration.ofMinutes(1);

    private final LinuxFenceSettings settings;
    private final FenceSystem system;
    private final Duration everythingReadEvery;

    /** The host's part and which fence is open. Taken before {@link #inside} where both are needed. */
    private final ReentrantLock outside = new ReentrantLock();

    /** What the fence holds itself. Fair: who attaches an agent waits for one step of a repair and not for all of it. */
    private final ReentrantLock inside = new ReentrantLock(true);

    /** What is opened for the egress proxy. Never held with another. */
    private final ReentrantLock proxied = new ReentrantLock();

    /** Written under both locks. */
    private volatile Optional<OpenFence> opened = Optional.empty();

    private Optional<HostWatch> watch = Optional.empty();
    private volatile Optional<FenceObservation> observation = Optional.empty();

    /** The user that the egress proxy of such a fence runs as. */
    public static long proxyUser(FenceSettings settings) {
        return AddressPlan.of(settings).proxyUser();
    }

    public LinuxFence(LinuxFenceSettings settings) {
        this(settings, FenceSystem.linux());
    }

    LinuxFence(LinuxFenceSettings settings, FenceSystem system) {
        this(settings, system, EVERYTHING_READ_EVERY);
    }

    /** @param everythingReadEvery least time between two repairs that read back each address of each ruleset */
    LinuxFence(LinuxFenceSettings settings, FenceSystem system, Duration everythingReadEvery) {
        this.settings = settings;
        this.system = system;
        this.everythingReadEvery = everythingReadEvery;
    }

    @Override
    public void open(FenceSettings fenceSettings) throws SandboxException {
        whole("open the fence", () -> {
            opened.ifPresent(OpenFence::close);
            opened = Optional.empty();
            opened = Optional.of(OpenFence.open(settings, fenceSettings, system, everythingReadEvery));
            return true;
        });
    }

    @Override
    public Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
        for (GroupRuleset group : groups) {
            requireName(group.name());
        }
        return locked("apply rulesets", () -> fence().apply(groups));
    }

    @Override
    public void neverAllow(List<String> addressesAndRanges) throws SandboxException {
        OpenFence standing = locked("close addresses", () -> {
            fence().neverAllow(addressesAndRanges);
            return fence();
        });
        // As for what is opened: the host's nftables may be slow.
        holding(proxied, "close addresses to the egress proxy", () -> {
            standing.closeProxiedToNeverAllowed();
            return true;
        });
    }

    /**
     * Of the host: translation, routes, forwarding, the uplink and what guards the node's own addresses. Of the fence: its
     * rules. Agents are attached and detached and rulesets applied meanwhile.
     */
    @Override
    public Condition repair() throws SandboxException {
        return holding(outside, "repair the uplink", () -> {
            OpenFence open = fence();
            List<String> repaired = new ArrayList<>();
            // Before all that waits for the host, whose troubles must leave nothing open.
            locked("forget connections to closed addresses", open::forgetClosedLately);
            if (locked("take in this node's addresses", open::takeInAddresses)) {
                repaired.add("this node's addresses have changed");
            }
            open.closeProxiedToNeverAllowed();
            long lastProxied = open.lastProxied();
            Set<ByteBuffer> intercepted = locked("look at what names resolved to", open::intercepted);
            open.closeProxied(intercepted, lastProxied);
            repaired.addAll(open.repairProxyFilter());
            repaired.addAll(open.repairUplink());
            repaired.addAll(locked("look at the rules", open::repairRules));
            if (locked("look at the time", open::isTimeToReadEverything)) {
                for (String group : locked("look at the rules", open::groups)) {
                    repaired.addAll(locked("read back the policy group " + group, () -> open.repairRules(group)));
                }
                repaired.addAll(locked("read back what names resolved to", open::repairResolved));
            }
            return new Condition(repaired, open.warnings());
        });
    }

    @Override
    public void onDisturbance(Runnable listener) throws SandboxException {
        holding(outside, "listen to changes on the host", () -> {
            watch.ifPresent(HostWatch::close);
            watch = Optional.of(HostWatch.begin(fence().listenToHost(), listener));
            return true;
        });
    }

    @Override
    public void observe(Consumer<FenceEvent> listener) throws SandboxException {
        holding(outside, "observe the fence", () -> {
            observation.ifPresent(FenceObservation::close);
            observation = Optional.of(fence().observe(listener));
            return true;
        });
    }

    @Override
    public List<FlowTraffic> traffic() throws SandboxException {
        Optional<FenceObservation> standing = observation;
        if (standing.isEmpty()) {
            return List.of();
        }
        try {
            return standing.get().traffic();
        } catch (IOException e) {
            throw new SandboxException(
                    SandboxException.Step.FENCE,
                    SandboxException.Kind.TRANSIENT,
                    "what passed can't be counted: " + e.getMessage(),
                    e);
        }
    }

    @Override
    public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException {
        requireName(group);
        return locked("attach " + id, () -> {
            Attachment attached = fence().agents().attach(id, network, group, rates);
            observation.ifPresent(its -> its.attached(id));
            return attached;
        });
    }

    @Override
    public void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations)
            throws SandboxException {
        String what = "open what names resolved to for " + id;
        OpenFence standing = locked(what, () -> {
            fence().openResolved(id, rulesetHash, destinations);
            return fence();
        });
        // The host's nftables may be slow by what others do there: taking rules back must not wait for that.
        holding(proxied, what, () -> {
            standing.openProxied(destinations);
            return true;
        });
    }

    @Override
    public NameServerSockets nameServerSockets() throws SandboxException {
        return locked("make the name server's sockets", () -> fence().nameServerSockets());
    }

    @Override
    public long confineProxy(Collection<InetSocketAddress> resolvers) throws SandboxException {
        return holding(outside, "hold the egress proxy to its resolvers", () -> fence().confineProxy(resolvers));
    }

    /** Waits for no lock: the time that an agent has to answer is not the fence's. */
    @Override
    public AgentConnection connect(SandboxId id, int port) throws SandboxException {
        OpenFence standing =
                opened.orElseThrow(() -> new SandboxException(Step.FENCE, Kind.TRANSIENT, "the fence is not open"));
        return doing("connect to " + id, () -> standing.reachable().connect(id, port));
    }

    @Override
    public void detach(SandboxId id) throws SandboxException {
        locked("detach " + id, () -> {
            fence().agents().detach(id);
            return true;
        });
    }

    @Override
    public Map<SandboxId, Attachment> attachments() throws SandboxException {
        return locked("list attachments", () -> fence().agents().attachments());
    }

    @Override
    public long deniedPackets(SandboxId id) throws SandboxException {
        return locked("count what was denied to " + id, () -> fence().agents().deniedPackets(id));
    }

    @Override
    public Map<SandboxId, List<BudgetUse>> budgets() throws SandboxException {
        return locked("count what was used of budgets", () -> fence().agents().budgets());
    }

    @Override
    public long lend(SandboxId id, String rule, long needed) throws SandboxException {
        return locked(
                "charge " + id + " for what it relays", () -> fence().agents().lend(id, rule, needed));
    }

    @Override
    public void takeBack(SandboxId id, String rule, long bytes) throws SandboxException {
        locked("take back what " + id + " has not used", () -> {
            fence().agents().takeBack(id, rule, bytes);
            return true;
        });
    }

    @Override
    public void forgetBudgets(SandboxId id) throws SandboxException {
        locked("forget what " + id + " has used of budgets", () -> {
            fence().agents().forgetBudgets(id);
            return true;
        });
    }

    @Override
    public boolean destroyUnused() throws SandboxException {
        return whole("destroy the fence where it is unused", () -> {
            if (opened.isEmpty() || opened.get().agents().isUsed()) {
                return false;
            }
            letGo();
            OpenFence.destroy(settings, system);
            return true;
        });
    }

    /** Works whether or not this object has opened the fence. */
    @Override
    public void destroy() throws SandboxException {
        whole("destroy the fence", () -> {
            letGo();
            OpenFence.destroy(settings, system);
            return true;
        });
    }

    /** Lets go of the fence; it goes on enforcing. */
    @Override
    public void close() {
        outside.lock();
        inside.lock();
        try {
            letGo();
        } finally {
            inside.unlock();
            outside.unlock();
        }
    }

    private void letGo() {
        watch.ifPresent(HostWatch::close);
        watch = Optional.empty();
        observation.ifPresent(FenceObservation::close);
        observation = Optional.empty();
        opened.ifPresent(OpenFence::close);
        opened = Optional.empty();
    }

    private OpenFence fence() {
        return opened.orElseThrow(() -> new IllegalStateException("the fence is not open"));
    }

    private static void requireName(String group) throws SandboxException {
        if (!GROUP.matcher(group).matches()) {
            throw new SandboxException(
                    Step.FENCE,
                    Kind.INVALID_SPEC,
                    "policy group '" + group + "' must be 1 to 63 lower-case letters, digits and hyphens");
        }
    }

    private interface Work<T> {
        T run() throws IOException, SandboxException;
    }

    private <T> T whole(String action, Work<T> work) throws SandboxException {
        return holding(outside, action, () -> locked(action, work));
    }

    private <T> T locked(String action, Work<T> work) throws SandboxException {
        return holding(inside, action, work);
    }

    private static <T> T holding(ReentrantLock lock, String action, Work<T> work) throws SandboxException {
        lock.lock();
        try {
            return doing(action, work);
        } finally {
            lock.unlock();
        }
    }

    private static <T> T doing(String action, Work<T> work) throws SandboxException {
        try {
            return work.run();
        } catch (IOException e) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, action + ": " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new SandboxException(Step.FENCE, Kind.INVALID_SPEC, action + ": " + e.getMessage(), e);
        }
    }
}
