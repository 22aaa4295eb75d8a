package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.namespace.PinnedNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A fence that stands. Not thread-safe, but for {@link #reachable}, {@link #repairUplink}, {@link #warnings} and what concerns the egress
 * proxy: these may be called by one thread while another calls any other method but {@link #close}.
 */
final class OpenFence implements AutoCloseable {
    private final Place host;
    private final Place fence;
    private final NamespaceThread visitor;
    private final FenceSystem system;
    private final AddressPlan plan;
    private final Uplink uplink;
    private final ProxyFilter proxyFilter;
    private final TableReader table;
    private final GroupRules groups;
    private final AgentElements elements;
    private final ResolvedAddresses resolved;
    private final AgentBudgets budgets;
    private final AgentRates rates;
    private final ChargedRules charged;
    private final TakenBack takenBack;
    private final ReachableAgents reachable;
    private final AttachedAgents agents;
    private final Duration everythingReadEvery;
    private List<String> forbidden;
    private volatile NeverAllowed never;
    /** The chains that do not depend on agents and groups, as the kernel held them right after they were written. */
    private Map<String, List<ByteBuffer>> base = Map.of();

    private long everythingReadAt = System.nanoTime();
    /** Whether connections are handed over, since when it stands. */
    private volatile boolean intercepts;
    /** A packet that was let pass while addresses were closed may come to be known after all others were forgotten. */
    private boolean closedLately;
    /** Why budgets could not be put right when they were looked at last. */
    private volatile Optional<String> uncharged = Optional.empty();
    /** The same of rates. */
    private volatile Optional<String> unlimited = Optional.empty();

    static OpenFence open(
            LinuxFenceSettings settings, FenceSettings fenceSettings, FenceSystem system, Duration everythingReadEvery)
            throws IOException {
        AddressPlan plan = AddressPlan.of(fenceSettings);
        Place host = openHost(settings, system);
        try {
            Place fence = openFence(settings, system);
            try {
                NamespaceThread visitor = NamespaceThread.in(host.namespace(), "fence visitor");
                try {
                    return assemble(settings, fenceSettings, system, plan, host, fence, visitor, everythingReadEvery);
                } catch (IOException | RuntimeException e) {
                    visitor.close();
                    throw e;
                }
            } catch (IOException | RuntimeException e) {
                fence.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            host.close();
            throw e;
        }
    }

    private static OpenFence assemble(
            LinuxFenceSettings settings,
            FenceSettings fenceSettings,
            FenceSystem system,
            AddressPlan plan,
            Place host,
            Place fence,
            NamespaceThread visitor,
            Duration everythingReadEvery)
            throws IOException {
        ReachableAgents reachable =
                new ReachableAgents(NamespaceThread.in(fence.namespace(), "fence probes"), system.sockets());
        try {
            return new OpenFence(
                    settings, fenceSettings, system, plan, host, fence, visitor, reachable, everythingReadEvery);
        } catch (IOException | RuntimeException e) {
            reachable.close();
            throw e;
        }
    }

    private OpenFence(
            LinuxFenceSettings settings,
            FenceSettings fenceSettings,
            FenceSystem system,
            AddressPlan plan,
            Place host,
            Place fence,
            NamespaceThread visitor,
            ReachableAgents reachable,
            Duration everythingReadEvery)
            throws IOException {
        this.system = system;
        this.everythingReadEvery = everythingReadEvery;
        this.plan = plan;
        this.host = host;
        this.fence = fence;
        this.visitor = visitor;
        this.reachable = reachable;
        this.table = new TableReader(fence.filter(), Names.TABLE);
        this.uplink = new Uplink(settings, plan, host, fence, system);
        this.proxyFilter = new ProxyFilter(settings, plan, host);
        this.groups = new GroupRules(fence, table);
        this.elements = new AgentElements(fence.filter(), table);
        this.resolved = new ResolvedAddresses(fence.filter(), table);
        this.budgets = new AgentBudgets(fence, table);
        this.rates = new AgentRates(fence, table);
        this.charged = new ChargedRules(groups, elements, budgets);
        this.takenBack = new TakenBack(fence, groups, elements, resolved);
        requireSameRange();
        this.forbidden = fenceSettings.neverAllowed();
        this.never = wanted();
        standUp();
        this.agents = new AttachedAgents(
                system,
                host,
                fence,
                plan,
                groups,
                elements,
                resolved,
                budgets,
                rates,
                new AgentInterface(system, fence, visitor, settings.mtu()),
                reachable);
    }

    private static Place openHost(LinuxFenceSettings settings, FenceSystem system) throws IOException {
        NetworkNamespace namespace = settings.hostNamespace().isPresent()
                ? NetworkNamespace.open(
                        system.namespaces(), settings.hostNamespace().get())
                : NetworkNamespace.current(system.namespaces());
        return Place.open(system, namespace, "fence host");
    }

    private static Place openFence(LinuxFenceSettings settings, FenceSystem system) throws IOException {
        PinnedNamespace pinned = pinned(settings, system);
        Optional<NetworkNamespace> standing = pinned.open();
        return Place.open(system, standing.isPresent() ? standing.get() : pinned.create(), "fence");
    }

    private static PinnedNamespace pinned(LinuxFenceSettings settings, FenceSystem system) {
        return new PinnedNamespace(system.namespaces(), settings.namespaceDirectory(), settings.name());
    }

    /** Puts the rules in place, then the way out. */
    private void standUp() throws IOException {
        writeBase(never);
        forgetClosed(never);
        groups.removeUnusedSets();
        List<String> chains = table.chains();
        if (groups.haveBudgets() || chains.contains(Names.BUDGETS)) {
            attemptToCharge(budgets::adopt);
        }
        if (RateRules.CHAINS.stream().anyMatch(chains::contains)) {
            rates.adopt();
        }
        uplink.ensure();
        intercepts = groups.intercepts();
        ensureInterception();
    }

    /**
     * Ends connections to addresses that are never allowed, which were begun before they were: the rules ask about those of
     * new connections. Questions to the name server are no such connections.
     */
    private void forgetClosed(NeverAllowed never) throws IOException {
        closedLately = true;
        TrackedConnections.forgetTo(
                fence.filter(), address -> !address.equals(AddressPlan.NEXT_HOP) && never.contains(address));
    }

    /** Only where it is needed: with it the kernel looks for the way of every packet of all agents in more than one table. */
    private void ensureInterception() throws IOException {
        if (intercepts) {
            Interception.ensure(fence);
        }
    }

    private void writeBase(NeverAllowed never) throws IOException {
        String set = new SetNames(table.sets()).never();
        fence.transaction(Rules.tableWithNeverAllowed(set, never));
        ConnectionLimit.in(fence).apply(most -> fence.transaction(Rules.base(plan, set, most)));
        base = readBase();
    }

    private Map<String, List<ByteBuffer>> readBase() throws IOException {
        Map<String, List<ByteBuffer>> read = new HashMap<>();
        for (String chain : Rules.BASE_CHAINS) {
            read.put(chain, table.imprint(chain));
        }
        return read;
    }

    /** Touches nothing of the host, whose troubles must not keep a rule from being taken back. */
    Map<String, String> apply(List<GroupRuleset> rulesets) throws IOException {
        if (rulesets.stream()
                .anyMatch(ruleset -> !NamesOfSet.intercepted(ruleset).all().isEmpty())) {
            intercepts = true;
            ensureInterception();
        }
        takenBack.by(() -> charged.replace(rulesets), _ -> false);
        Map<String, String> hashes = new HashMap<>();
        for (GroupRuleset ruleset : rulesets) {
            hashes.put(ruleset.name(), groups.hash(ruleset.name()));
        }
        return hashes;
    }

    private Set<String> boundGroups() throws IOException {
        return Set.copyOf(elements.read().groups().values());
    }

    /** Puts right what others changed outside the fence; what that was. */
    List<String> repairUplink() throws IOException {
        List<String> repaired = uplink.ensure();
        ensureInterception();
        return repaired;
    }

    /** The same of what holds the egress proxy to its resolvers. */
    List<String> repairProxyFilter() throws IOException {
        return proxyFilter.ensure();
    }

    /** @return the user that is held to them */
    long confineProxy(Collection<InetSocketAddress> resolvers) throws IOException {
        return proxyFilter.confine(resolvers);
    }

    /** What an administrator should know or do. */
    List<String> warnings() throws IOException {
        List<String> warnings = new ArrayList<>(uplink.warnings());
        charged.warning().ifPresent(warnings::add);
        uncharged.ifPresent(warnings::add);
        unlimited.ifPresent(warnings::add);
        return warnings;
    }

    /**
     * Ends connections to addresses and by boxes that were closed before: a packet that was judged then may have come after all were
     * forgotten. What could not be forgotten then is forgotten now.
     */
    boolean forgetClosedLately() throws IOException {
        boolean again = closedLately || takenBack.isLately();
        if (closedLately) {
            forgetClosed(never);
            closedLately = false;
        }
        takenBack.endLately(agents.reboundLately());
        return again;
    }

    /** Puts chains and rules right that others changed inside the fence; what that was. Reads no addresses. */
    List<String> repairRules() throws IOException {
        List<String> repaired = new ArrayList<>();
        if (!table.chains().containsAll(Rules.BASE_CHAINS)) {
            writeBase(never);
            // With the table, what names had opened may have gone.
            resolved.read();
            repaired.add("the fence's own chains were missing");
        } else if (!readBase().equals(base)) {
            writeBase(never);
            repaired.add("the fence's own rules were changed");
        }
        uncharged = Optional.empty();
        // Before the groups whose connections are charged there.
        attemptToCharge(budgets::takeUp);
        attemptToCharge(() -> repaired.addAll(budgets.repairChains()));
        groups.look();
        repaired.addAll(restoreGroups());
        agents.lookWhoIsReachable();
        if (budgets.stand()) {
            attemptToCharge(() -> budgets.repair(agents.budgetsByInterface(), agents.interfaces(), repaired));
        }
        repairRates(repaired);
        return repaired;
    }

    private void repairRates(List<String> repaired) {
        try {
            repaired.addAll(rates.repair(agents.interfaces()));
            unlimited = Optional.empty();
        } catch (IOException e) {
            unlimited = Optional.of("the rates that agents are held to can't be looked after: " + e.getMessage());
        }
    }

    private interface Charging {
        void attempt() throws IOException;
    }

    /** What fails keeps nothing else from being done, is told of and is tried again with the next repair. */
    private void attemptToCharge(Charging charging) {
        try {
            charging.attempt();
        } catch (IOException e) {
            uncharged = Optional.of("what agents use of budgets can't be looked after: " + e.getMessage());
        }
    }

    /** Puts the group right where others changed the addresses that its rules look up; what that was. */
    List<String> repairRules(String group) throws IOException {
        groups.readAgain(group);
        return restoreGroups();
    }

    /** Whether everything is to be read back again now. */
    boolean isTimeToReadEverything() {
        if (System.nanoTime() - everythingReadAt < everythingReadEvery.toNanos()) {
            return false;
        }
        everythingReadAt = System.nanoTime();
        return true;
    }

    Set<String> groups() throws IOException {
        return groups.names();
    }

    /** Closes addresses that others opened; what that was. */
    List<String> repairResolved() throws IOException {
        int closed = resolved.closeForeign();
        return closed == 0 ? List.of() : List.of(closed + " addresses were opened that no name resolved to");
    }

    private List<String> restoreGroups() throws IOException {
        return takenBack.by(() -> groups.restore(this::boundGroups), restored -> !restored.isEmpty()).stream()
                .map(group -> "the rules of the policy group " + group + " were changed")
                .toList();
    }

    void neverAllow(List<String> addressesAndRanges) throws IOException {
        NeverAllowed.of(addressesAndRanges, List.of());
        forbidden = List.copyOf(addressesAndRanges);
        takeInAddresses();
    }

    /** @return whether there were new ones, or some had gone */
    boolean takeInAddresses() throws IOException {
        NeverAllowed wanted = wanted();
        if (wanted.equals(never)) {
            return false;
        }
        writeBase(wanted);
        forgetClosed(wanted);
        resolved.closeTo(wanted::contains);
        never = wanted;
        groups.removeUnusedSets();
        return true;
    }

    private NeverAllowed wanted() throws IOException {
        return NeverAllowed.of(forbidden, Addresses.all(host.route()));
    }

    /** Listens in the host's namespace, from now on. */
    NetlinkEvents listenToHost() throws IOException {
        return host.thread().call(system::events);
    }

    /** Tells the listener, from now on, what the rules let pass and stop. */
    FenceObservation observe(Consumer<FenceEvent> listener) throws IOException {
        return FenceObservation.begin(fence, system, listener);
    }

    AttachedAgents agents() {
        return agents;
    }

    /** May be asked by any thread at any time. */
    ReachableAgents reachable() {
        return reachable;
    }

    void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations)
            throws IOException, SandboxException {
        agents.openResolved(id, rulesetHash, destinations, never);
    }

    /** The same for the proxy, where it is to relay. May be called by any thread at any time but after {@link #close}. */
    void openProxied(List<ResolvedDestination> destinations) throws IOException {
        proxyFilter.open(destinations);
    }

    /** Closes to the proxy what is never allowed by now. May be called as {@link #closeProxied}. */
    void closeProxiedToNeverAllowed() throws IOException {
        proxyFilter.close(never);
    }

    /** For {@link #closeProxied}; may be called as that. */
    long lastProxied() {
        return proxyFilter.lastOpening();
    }

    /** What agents may reach by the proxy. */
    Set<ByteBuffer> intercepted() {
        return resolved.intercepted();
    }

    /**
     * Closes to the proxy what no agent may reach by it any more, since names were taken back or agents have gone. May be called by one
     * thread while another calls any other method but {@link #close}.
     *
     * @param held what agents may reach, as it was after {@code lastProxied} was asked
     */
    void closeProxied(Set<ByteBuffer> held, long lastProxied) throws IOException {
        proxyFilter.closeBut(held, lastProxied);
    }

    NameServerSockets nameServerSockets() throws IOException {
        return NamespaceSockets.open(fence, system.sockets());
    }

    private void requireSameRange() throws IOException {
        for (Ipv4 address : elements.read().addresses().values()) {
            if (!plan.agents().contains(address)) {
                throw new IllegalArgumentException("agentCidr " + plan.agents() + " does not hold " + address
                        + ", which an attached agent has: detach all agents before changing it");
            }
        }
    }

    static void destroy(LinuxFenceSettings settings, FenceSystem system) throws IOException {
        PinnedNamespace pinned = pinned(settings, system);
        Optional<NetworkNamespace> standing = pinned.open();
        if (standing.isPresent()) {
            try (Place fence = Place.open(system, standing.get(), "fence")) {
                for (Link link : Links.all(fence.route())) {
                    if (link.name().startsWith(Names.AGENT_INTERFACE_PREFIX)) {
                        AgentInterface.remove(fence, link.name());
                    }
                }
            }
        }
        try (Place host = openHost(settings, system)) {
            Uplink.remove(settings, host);
            ProxyFilter.remove(settings, host);
        }
        pinned.remove();
    }

    @Override
    public void close() {
        reachable.close();
        visitor.close();
        fence.close();
        host.close();
    }
}
