package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.linux.fence.AgentElements.Snapshot;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.NamespaceNumbers;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The agents that are attached to a fence, and how they come and go. Not thread-safe. */
final class AttachedAgents {
    private static final Logger LOG = LoggerFactory.getLogger(AttachedAgents.class);

    private final FenceSystem system;
    private final Place host;
    private final Place fence;
    private final AddressPlan plan;
    private final GroupRules groups;
    private final AgentElements elements;
    private final ResolvedAddresses resolved;
    private final AgentBudgets budgets;
    private final AgentRates rates;
    private final AgentInterface interfaces;
    private final ReachableAgents reachable;
    private final AddressPool pool;
    /** Interfaces whose connections by a former group may not all be forgotten, after an attempt that failed. */
    private final Set<String> rebinding = new HashSet<>();

    private boolean reboundLately;

    /** Adopts those that are there and removes what a crash left of others. */
    AttachedAgents(
            FenceSystem system,
            Place host,
            Place fence,
            AddressPlan plan,
            GroupRules groups,
            AgentElements elements,
            ResolvedAddresses resolved,
            AgentBudgets budgets,
            AgentRates rates,
            AgentInterface interfaces,
            ReachableAgents reachable)
            throws IOException {
        this.system = system;
        this.host = host;
        this.fence = fence;
        this.plan = plan;
        this.groups = groups;
        this.elements = elements;
        this.resolved = resolved;
        this.budgets = budgets;
        this.rates = rates;
        this.interfaces = interfaces;
        this.reachable = reachable;
        resolved.read();
        completeAgents();
        removeRemains();
        Map<String, Ipv4> adopted = elements.addresses();
        this.pool = new AddressPool(plan, adopted.values());
        reachable.are(adopted);
    }

    Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates within)
            throws IOException, SandboxException {
        HeldGroup rules = groups.applied(group)
                .orElseThrow(() -> new SandboxException(
                        Step.FENCE, Kind.TRANSIENT, "policy group '" + group + "' is not applied on this node yet"));
        try (NetworkNamespace agent = NetworkNamespace.ofProcess(system.namespaces(), network.pid())) {
            requireOwnNamespace(agent, network);
            Optional<Attachment> standing = standing(id, agent, group, rules);
            if (standing.isPresent()) {
                hold(Names.agentInterface(id), within);
                return standing.get();
            }
            return attachNew(id, agent, group, rules, within);
        }
    }

    private void hold(String name, NetworkRates within) throws SandboxException {
        try {
            rates.set(name, within);
        } catch (IOException e) {
            throw new SandboxException(
                    Step.FENCE,
                    Kind.TRANSIENT,
                    within.isEmpty()
                            ? "limits of network rates can't be taken back: " + e.getMessage()
                            : within.fields() + " can't be enforced on this node: " + e.getMessage(),
                    e);
        }
    }

    /** The attachment to just this namespace, bound to the group; anything else of the sandbox is removed. */
    private Optional<Attachment> standing(SandboxId id, NetworkNamespace agent, String group, HeldGroup rules)
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
        Ipv4 address = Objects.requireNonNull(snapshot.addresses().get(name));
        if (!group.equals(snapshot.groups().get(name)) || rebinding.contains(name)) {
            rebinding.add(name);
            rebind(name, address, group);
            rebinding.remove(name);
        }
        reachable.add(name, address);
        return Optional.of(new Attachment(
                address.toString(), group, rules.hash(), snapshot.denied().getOrDefault(name, 0L)));
    }

    /** What the former group allows ends, whether or not what the new one does can be charged: where not, the agent is cut off. */
    private void rebind(String name, Ipv4 address, String group) throws IOException {
        GroupBudgets its = groups.budgets(group).orElse(GroupBudgets.NONE);
        if (its.isEmpty()) {
            elements.bind(name, address, group);
            unbind(name);
            endFormer(name, address, group);
            return;
        }
        try {
            budgets.bindBeside(name, its);
        } catch (IOException e) {
            cutOff(name, address, group, e);
            throw e;
        }
        elements.bind(name, address, group);
        Optional<IOException> unended = Optional.empty();
        try {
            budgets.bind(name, its);
        } catch (IOException e) {
            unended = Optional.of(e);
        }
        endFormer(name, address, group);
        if (unended.isPresent()) {
            throw unended.get();
        }
    }

    /** Where the interface stays too, the agent has what its new group allows without budgets, and no more of the former. */
    private void cutOff(String name, Ipv4 address, String group, IOException reason) {
        reachable.remove(name);
        for (Cut each : List.<Cut>of(
                () -> AgentInterface.remove(fence, name),
                () -> budgets.bind(name, GroupBudgets.NONE),
                () -> elements.bind(name, address, group),
                () -> endFormer(name, address, group))) {
            try {
                each.make();
            } catch (IOException | RuntimeException e) {
                reason.addSuppressed(e);
            }
        }
    }

    private interface Cut {
        void make() throws IOException;
    }

    /**
     * Has nothing of the interface charged any more. What fails is done with the next repair, and holds nothing up: what is left leads
     * packets to budgets that no rule lets pass.
     */
    private void unbind(String name) {
        try {
            budgets.bind(name, GroupBudgets.NONE);
        } catch (IOException e) {
            LOG.debug("the interface {} still leads to budgets, tried again: {}", name, e.getMessage());
        }
    }

    /**
     * What the agent sends by a box is looked up by the new group's rules already, which do not know the mark; what still comes as an
     * answer ends here. Where it is not known yet what the group allows, since nothing was applied since the fence was opened, the
     * first application ends it.
     */
    private void endFormer(String name, Ipv4 address, String group) throws IOException {
        resolved.close(name);
        // Those with budgets are looked up by the new group's rules, as those by a box are.
        TrackedConnections.forgetMarked(fence.filter(), address, ConnectionMark::isOfName);
        if (groups.applied().isPresent()) {
            reboundLately = true;
            TrackedConnections.forgetBegun(
                    fence.filter(),
                    new BoxedConnections(
                            Map.of(address, group), groups.applied().get())::lack);
        }
    }

    /** Whether an agent was bound to another group since this was asked. */
    boolean reboundLately() {
        boolean lately = reboundLately;
        reboundLately = false;
        return lately;
    }

    private Attachment attachNew(
            SandboxId id, NetworkNamespace agent, String group, HeldGroup rules, NetworkRates within)
            throws IOException, SandboxException {
        Ipv4 address = pool.take()
                .orElseThrow(() -> new SandboxException(
                        Step.FENCE, Kind.TRANSIENT, "all addresses of " + plan.agents() + " are taken"));
        try {
            addElements(Names.agentInterface(id), address, group);
            charge(Names.agentInterface(id), groups.budgets(group).orElse(GroupBudgets.NONE));
            hold(Names.agentInterface(id), within);
            interfaces.create(id, agent, address);
            reachable.add(Names.agentInterface(id), address);
            return new Attachment(address.toString(), group, rules.hash(), 0);
        } catch (IOException | SandboxException | RuntimeException e) {
            undo(id, address, e);
            throw e;
        }
    }

    /** An agent whose rules have no budgets does not wait for any. */
    private void charge(String name, GroupBudgets its) throws IOException {
        if (its.isEmpty()) {
            unbind(name);
        } else {
            budgets.bind(name, its);
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
            try {
                remove(name);
            } catch (IOException | RuntimeException left) {
                // The kernel has refused all of it, so that nobody has the address.
                pool.giveBack(address);
                throw left;
            }
            elements.add(name, address, group);
        }
    }

    private void undo(SandboxId id, Ipv4 address, Exception cause) {
        try {
            detach(id);
            pool.giveBack(address);
        } catch (IOException | RuntimeException e) {
            cause.addSuppressed(e);
            giveBackUnheld(Names.agentInterface(id), address, cause);
        }
    }

    /** One that the kernel holds, or may hold, is given back with what is left of the interface. */
    private void giveBackUnheld(String name, Ipv4 address, Exception cause) {
        try {
            if (!address.equals(elements.read().addresses().get(name))) {
                pool.giveBack(address);
            }
        } catch (IOException | RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations, NeverAllowed never)
            throws IOException, SandboxException {
        String name = Names.agentInterface(id);
        String group = elements.group(name)
                .orElseThrow(() -> new SandboxException(
                        Step.FENCE, Kind.TRANSIENT, "sandbox " + id.value() + " is not attached to the fence"));
        if (!groups.hash(group).equals(rulesetHash)) {
            throw new SandboxException(
                    Step.FENCE,
                    Kind.TRANSIENT,
                    "the policy group '" + group + "' has other rules by now than those that a name was found in");
        }
        HeldGroup rules = groups.applied(group).orElse(HeldGroup.WITHDRAWN);
        List<ResolvedAddresses.Target> targets = new ArrayList<>();
        for (ResolvedDestination destination : destinations) {
            Ipv4 address = Ipv4.parse(destination.address());
            NamedPort port = new NamedPort(destination.protocol(), destination.port());
            OptionalInt mark = mark(group, rules, destination, port);
            if (mark.isEmpty()) {
                throw new IllegalArgumentException(
                        destination + ": no name of the policy group '" + group + "' has that port");
            }
            if (plan.fleet().contains(address) || plan.agents().contains(address) || never.contains(address)) {
                throw new IllegalArgumentException(
                        destination + ": no name opens addresses of agents, of nodes and what is never allowed");
            }
            targets.add(new ResolvedAddresses.Target(
                    address,
                    port.protocol(),
                    port.port(),
                    mark.getAsInt(),
                    destination.timeToLive(),
                    destination.intercepted()));
        }
        try {
            resolved.open(name, targets);
        } catch (ResolvedAddresses.TooManyException e) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
        }
    }

    private OptionalInt mark(String group, HeldGroup rules, ResolvedDestination destination, NamedPort port) {
        if (destination.budgeted().isPresent()) {
            return groups.budgets(group)
                    .orElse(GroupBudgets.NONE)
                    .mark(destination.budgeted().get(), port);
        }
        NameMarks marks = destination.intercepted() ? rules.tlsMarks() : rules.marks();
        Integer mark = marks.byPort().get(port);
        return mark == null ? OptionalInt.empty() : OptionalInt.of(mark);
    }

    /** The budgets of each agent's group, by the agent's interface; of those whose are known. */
    Map<String, GroupBudgets> budgetsByInterface() throws IOException {
        Map<String, GroupBudgets> all = new HashMap<>();
        elements.read().groups().forEach((name, group) -> groups.budgets(group).ifPresent(its -> all.put(name, its)));
        return all;
    }

    Map<SandboxId, List<BudgetUse>> budgets() throws IOException {
        Map<SandboxId, List<BudgetUse>> all = new HashMap<>();
        if (!budgets.stand()) {
            return all;
        }
        Map<String, GroupBudgets> bound = budgetsByInterface();
        Map<String, List<BudgetUse>> used = budgets.used(bound);
        budgets.refuseWhatIsUsedUp(bound);
        for (Link link : Links.all(fence.route())) {
            List<BudgetUse> its = used.get(link.name());
            if (its != null && !link.alias().isEmpty()) {
                all.put(new SandboxId(link.alias()), its);
            }
        }
        return all;
    }

    /** The boundary: who relays is believed nothing, so that the rule must be one of the agent's own group, now. */
    long lend(SandboxId id, String rule, long needed) throws IOException, SandboxException {
        if (needed < 1) {
            throw new IllegalArgumentException(needed + " bytes of a budget, must be 1 or more");
        }
        return budgets.lend(Names.agentInterface(id), relayed(id, rule), needed);
    }

    void takeBack(SandboxId id, String rule, long bytes) throws IOException, SandboxException {
        if (bytes < 1) {
            throw new IllegalArgumentException(bytes + " bytes of a budget, must be 1 or more");
        }
        budgets.takeBack(Names.agentInterface(id), relayed(id, rule), bytes);
    }

    private Budget relayed(SandboxId id, String rule) throws IOException, SandboxException {
        Optional<String> group = elements.group(Names.agentInterface(id));
        if (group.isEmpty()) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, id + " is not attached");
        }
        return groups.budgets(group.get()).orElse(GroupBudgets.NONE).relayed().stream()
                .filter(budget -> budget.rule().equals(rule))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no rule of the group '%s' with tls or http and a budget is named '%s'"
                                .formatted(group.get(), rule)));
    }

    void forgetBudgets(SandboxId id) throws IOException {
        String name = Names.agentInterface(id);
        if (elements.group(name).isEmpty()) {
            budgets.forget(name);
        }
    }

    /** Interfaces that are bound to a group. */
    Set<String> interfaces() throws IOException {
        return Set.copyOf(elements.read().groups().keySet());
    }

    /** Cuts the interface first, so that nothing can pass between the other steps. */
    void detach(SandboxId id) throws IOException {
        remove(Names.agentInterface(id));
    }

    private void remove(String name) throws IOException {
        reachable.remove(name);
        AgentInterface.remove(fence, name);
        removeWithout(name, elements.read()).ifPresent(pool::giveBack);
    }

    /**
     * Removes all but the interface.
     *
     * @return the address that it had
     */
    private Optional<Ipv4> removeWithout(String name, Snapshot snapshot) throws IOException {
        Ipv4 address = snapshot.addresses().get(name);
        // The elements last: by them a second attempt finds what a failed one has left.
        resolved.close(name);
        unbind(name);
        rates.forget(name);
        if (address != null) {
            TrackedConnections.forget(fence.filter(), address);
        }
        elements.removeCount(name);
        elements.remove(name, snapshot);
        return Optional.ofNullable(address);
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

    /** Asks no more whom others have taken out of the fence: what such an agent answers does not pass. */
    void lookWhoIsReachable() throws IOException {
        reachable.are(elements.addresses());
    }

    /** Whether there is anything of a sandbox, though it be the counter of one whose last process has ended. */
    boolean isUsed() throws IOException {
        return !elements.read().interfaces().isEmpty()
                || budgets.isUsed()
                || Links.all(fence.route()).stream()
                        .anyMatch(link -> link.name().startsWith(Names.AGENT_INTERFACE_PREFIX));
    }

    /** The counter outlives the interface, which goes with the agent's last process. */
    long deniedPackets(SandboxId id) throws IOException {
        return elements.read().denied().getOrDefault(Names.agentInterface(id), 0L);
    }

    /** Completes what an earlier version attached: it had no chain for what is sent to agents, none for established connections. */
    private void completeAgents() throws IOException {
        Snapshot snapshot = elements.read();
        for (Map.Entry<String, String> agent : snapshot.groups().entrySet()) {
            if (!snapshot.receivers().contains(agent.getKey())) {
                fence.transaction(Rules.receivingChain(agent.getValue()));
                elements.addReceiver(agent.getKey(), agent.getValue());
            }
            Ipv4 address = snapshot.addresses().get(agent.getKey());
            if (address != null && !snapshot.established().containsKey(agent.getKey())) {
                fence.transaction(Rules.establishedChain(agent.getValue()));
                elements.addEstablishedOf(agent.getKey(), address, agent.getValue());
            }
        }
    }

    /** Removes what a crash between two steps left. */
    private void removeRemains() throws IOException {
        Snapshot snapshot = elements.read();
        Set<String> remains = new HashSet<>(snapshot.interfaces());
        remains.addAll(resolved.interfaces());
        remains.addAll(budgets.interfaces());
        remains.addAll(rates.interfaces());
        for (Link link : Links.all(fence.route())) {
            if (link.up() && !link.alias().isEmpty() && snapshot.complete(link.name())) {
                remains.remove(link.name());
            } else if (link.name().startsWith(Names.AGENT_INTERFACE_PREFIX)) {
                remains.add(link.name());
            }
        }
        for (String name : remains) {
            AgentInterface.remove(fence, name);
            removeWithout(name, snapshot);
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
}
