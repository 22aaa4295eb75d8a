package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.fence.AgentElements.Snapshot;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.namespace.PinnedNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.NamespaceNumbers;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A fence that stands. Not thread-safe, but for {@link #repairUplink} and {@link #warnings}: these may be called by one
 * thread while another calls any other method but {@link #close}.
 */
final class OpenFence implements AutoCloseable {
    private final Place host;
    private final Place fence;
    private final NamespaceThread visitor;
    private final FenceSystem system;
    private final AddressPlan plan;
    private final Uplink uplink;
    private final TableReader table;
    private final GroupRules groups;
    private final AgentElements elements;
    private final AgentInterface interfaces;
    private final AddressPool pool;
    private final Duration everythingReadEvery;
    private List<String> forbidden;
    private NeverAllowed never;
    private long everythingReadAt = System.nanoTime();

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
                    return new OpenFence(
                            settings, fenceSettings, system, plan, host, fence, visitor, everythingReadEvery);
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

    private OpenFence(
            LinuxFenceSettings settings,
            FenceSettings fenceSettings,
            FenceSystem system,
            AddressPlan plan,
            Place host,
            Place fence,
            NamespaceThread visitor,
            Duration everythingReadEvery)
            throws IOException {
        this.system = system;
        this.everythingReadEvery = everythingReadEvery;
        this.plan = plan;
        this.host = host;
        this.fence = fence;
        this.visitor = visitor;
        this.table = new TableReader(fence.filter(), Names.TABLE);
        this.uplink = new Uplink(settings, plan, host, fence, system);
        this.groups = new GroupRules(fence, table);
        this.elements = new AgentElements(fence.filter(), table);
        this.interfaces = new AgentInterface(system, fence, visitor, settings.mtu());
        requireSameRange();
        this.forbidden = fenceSettings.neverAllowed();
        this.never = wanted();
        standUp();
        removeRemains();
        this.pool = new AddressPool(plan, elements.read().addresses().values());
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
        groups.removeUnusedSets();
        uplink.ensure();
    }

    private void writeBase(NeverAllowed never) throws IOException {
        String set = new SetNames(table.sets()).never();
        fence.transaction(Rules.tableWithNeverAllowed(set, never));
        fence.transaction(Rules.base(plan, set));
    }

    /** Touches nothing of the host, whose troubles must not keep a rule from being taken back. */
    Map<String, String> apply(List<GroupRuleset> rulesets) throws IOException {
        groups.replace(rulesets, Set.copyOf(elements.read().groups().values()));
        Map<String, String> hashes = new HashMap<>();
        for (GroupRuleset ruleset : rulesets) {
            hashes.put(ruleset.name(), groups.hash(ruleset.name()));
        }
        return hashes;
    }

    /** Puts right what others changed outside the fence; what that was. */
    List<String> repairUplink() throws IOException {
        return uplink.ensure();
    }

    /** What an administrator should know or do. */
    List<String> warnings() throws IOException {
        return uplink.warnings();
    }

    /** Puts chains and rules right that others changed inside the fence; what that was. Reads no addresses. */
    List<String> repairRules() throws IOException {
        List<String> repaired = new ArrayList<>();
        if (!table.chains().containsAll(Rules.BASE_CHAINS)) {
            writeBase(never);
            repaired.add("the fence's own chains were missing");
        }
        groups.look();
        repaired.addAll(restoreGroups());
        return repaired;
    }

    /** Puts the group right where others changed the addresses that its rules look up; what that was. */
    List<String> repairRules(String group) throws IOException {
        groups.readAgain(group);
        return restoreGroups();
    }

    /** Each group where it is time to read everything back again, else none. */
    Set<String> groupsToReadAgain() throws IOException {
        if (System.nanoTime() - everythingReadAt < everythingReadEvery.toNanos()) {
            return Set.of();
        }
        everythingReadAt = System.nanoTime();
        return groups.names();
    }

    private List<String> restoreGroups() throws IOException {
        return groups.restore(Set.copyOf(elements.read().groups().values())).stream()
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

    Attachment attach(SandboxId id, NetworkAttachment network, String group) throws IOException, SandboxException {
        GroupRules.Group rules = groups.applied(group)
                .orElseThrow(() -> new SandboxException(
                        Step.FENCE, Kind.TRANSIENT, "policy group '" + group + "' is not applied on this node yet"));
        try (NetworkNamespace agent = NetworkNamespace.ofProcess(system.namespaces(), network.pid())) {
            requireOwnNamespace(agent, network);
            Optional<Attachment> standing = standing(id, agent, group, rules);
            return standing.isPresent() ? standing.get() : attachNew(id, agent, group, rules);
        }
    }

    /** The attachment to just this namespace, bound to the group; anything else of the sandbox is removed. */
    private Optional<Attachment> standing(SandboxId id, NetworkNamespace agent, String group, GroupRules.Group rules)
            throws IOException {
        String name = Names.agentInterface(id);
        Optional<Link> link = Links.find(fence.route(), name);
        if (link.isPresent()
                && !link.get().alias().isEmpty()
                && !link.get().alias().equals(id.value())) {
            throw new IOException("interface " + name + " belongs to the sandbox "
                    + link.get().alias());
        }
        if (link.isEmpty()) {
            return Optional.empty();
        }
        Snapshot snapshot = elements.read();
        OptionalInt number = NamespaceNumbers.of(fence.route(), agent.descriptor());
        boolean whole = link.get().up()
                && !link.get().alias().isEmpty()
                && number.isPresent()
                && link.get().peerNamespace().equals(number)
                && snapshot.complete(name);
        if (!whole) {
            remove(name);
            return Optional.empty();
        }
        if (!group.equals(snapshot.groups().get(name))) {
            elements.bind(name, group);
        }
        return Optional.of(new Attachment(
                String.valueOf(snapshot.addresses().get(name)),
                group,
                rules.hash(),
                snapshot.denied().getOrDefault(name, 0L)));
    }

    private Attachment attachNew(SandboxId id, NetworkNamespace agent, String group, GroupRules.Group rules)
            throws IOException, SandboxException {
        Ipv4 address = pool.take()
                .orElseThrow(() -> new SandboxException(
                        Step.FENCE, Kind.TRANSIENT, "all addresses of " + plan.agents() + " are taken"));
        try {
            addElements(Names.agentInterface(id), address, group);
            interfaces.create(id, agent, address);
            return new Attachment(address.toString(), group, rules.hash(), 0);
        } catch (IOException | RuntimeException e) {
            undo(id, address, e);
            throw e;
        }
    }

    /** What an earlier attachment left is found by its being in the way, which is quicker than to look first. */
    private void addElements(String name, Ipv4 address, String group) throws IOException {
        try {
            elements.add(name, address, group);
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.EEXIST) {
                throw e;
            }
            remove(name);
            elements.add(name, address, group);
        }
    }

    private void undo(SandboxId id, Ipv4 address, Exception cause) {
        try {
            detach(id);
            pool.giveBack(address);
        } catch (IOException | RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    /** Cuts the interface first, so that nothing can pass between the other steps. */
    void detach(SandboxId id) throws IOException {
        remove(Names.agentInterface(id));
    }

    private void remove(String name) throws IOException {
        AgentInterface.remove(fence, name);
        Snapshot snapshot = elements.read();
        Ipv4 address = snapshot.addresses().get(name);
        elements.remove(name, snapshot);
        if (address != null) {
            TrackedConnections.forget(fence.filter(), address);
            pool.giveBack(address);
        }
    }

    Map<SandboxId, Attachment> attachments() throws IOException {
        Snapshot snapshot = elements.read();
        Map<SandboxId, Attachment> attachments = new HashMap<>();
        for (Link link : Links.all(fence.route())) {
            if (link.up() && !link.alias().isEmpty() && snapshot.complete(link.name())) {
                String group = snapshot.groups().getOrDefault(link.name(), "");
                attachments.put(
                        new SandboxId(link.alias()),
                        new Attachment(
                                String.valueOf(snapshot.addresses().get(link.name())),
                                group,
                                groups.hash(group),
                                snapshot.denied().getOrDefault(link.name(), 0L)));
            }
        }
        return attachments;
    }

    /** Whether there is anything of a sandbox, though it be the counter of one whose last process has ended. */
    boolean isUsed() throws IOException {
        return !elements.read().interfaces().isEmpty()
                || Links.all(fence.route()).stream()
                        .anyMatch(link -> link.name().startsWith(Names.AGENT_INTERFACE_PREFIX));
    }

    /** The counter outlives the interface, which goes with the agent's last process. */
    long deniedPackets(SandboxId id) throws IOException {
        return elements.read().denied().getOrDefault(Names.agentInterface(id), 0L);
    }

    /** Removes what a crash between two steps left. */
    private void removeRemains() throws IOException {
        Snapshot snapshot = elements.read();
        Set<String> remains = new HashSet<>(snapshot.interfaces());
        for (Link link : Links.all(fence.route())) {
            if (link.up() && !link.alias().isEmpty() && snapshot.complete(link.name())) {
                remains.remove(link.name());
            } else if (link.name().startsWith(Names.AGENT_INTERFACE_PREFIX)) {
                remains.add(link.name());
            }
        }
        for (String name : remains) {
            AgentInterface.remove(fence, name);
            elements.remove(name, snapshot);
            Ipv4 address = snapshot.addresses().get(name);
            if (address != null) {
                TrackedConnections.forget(fence.filter(), address);
            }
        }
    }

    private void requireSameRange() throws IOException {
        for (Ipv4 address : elements.read().addresses().values()) {
            if (!plan.agents().contains(address)) {
                throw new IllegalArgumentException("agentCidr " + plan.agents() + " does not hold " + address
                        + ", which an attached agent has: detach all agents before changing it");
            }
        }
    }

    /** A pair made into the host's or the fence's own namespace would be a way around the fence. */
    private void requireOwnNamespace(NetworkNamespace agent, NetworkAttachment network)
            throws IOException, SandboxException {
        String identity = agent.identity();
        if (identity.equals(host.namespace().identity())
                || identity.equals(fence.namespace().identity())) {
            throw new SandboxException(
                    Step.FENCE, Kind.UNSUPPORTED, "process " + network.pid() + " has no network namespace of its own");
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
        }
        pinned.remove();
    }

    @Override
    public void close() {
        visitor.close();
        fence.close();
        host.close();
    }
}
