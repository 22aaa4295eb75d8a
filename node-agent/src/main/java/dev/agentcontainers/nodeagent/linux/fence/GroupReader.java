package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.fence.GroupBudgets.MarkedBox;
import dev.agentcontainers.nodeagent.linux.fence.SetNames.Kind;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Rule;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads groups back from the kernel.
 *
 * @param names the names of a digest, which the kernel does not hold; empty where they aren't known
 * @param budgets the same of budgets
 */
record GroupReader(
        TableReader table,
        Function<String, Optional<NamesOfSet>> names,
        Function<String, Optional<GroupBudgets>> budgets) {
    private static final Logger LOG = LoggerFactory.getLogger(GroupReader.class);
    private static final String UNKNOWN_NAMES = "names unknown";

    /** @param earlier groups as read before: a set that is still in use is not read again, since sets never change */
    Map<String, HeldGroup> read(Map<String, HeldGroup> earlier) throws IOException {
        Map<String, List<Rule>> rules = table.rules().stream().collect(Collectors.groupingBy(Rule::chain));
        Map<String, HeldGroup> read = new HashMap<>();
        for (String chain : table.chains()) {
            if (Names.isGroupChain(chain)) {
                String group = Names.group(chain);
                read.put(
                        group,
                        read(
                                group,
                                rules.getOrDefault(Names.establishedChain(group), List.of()),
                                rules.getOrDefault(chain, List.of()),
                                rules.getOrDefault(Names.receivingChain(group), List.of()),
                                Optional.ofNullable(earlier.get(group))));
            }
        }
        return Map.copyOf(read);
    }

    /** Reads one group that the kernel has, its elements included. */
    HeldGroup read(String group) throws IOException {
        return read(
                group,
                table.rules(Names.establishedChain(group)),
                table.rules(Names.chain(group)),
                table.rules(Names.receivingChain(group)),
                Optional.empty());
    }

    private HeldGroup read(
            String group, List<Rule> established, List<Rule> sending, List<Rule> receiving, Optional<HeldGroup> earlier)
            throws IOException {
        List<Rule> all = new ArrayList<>(established);
        all.addAll(sending);
        all.addAll(receiving);
        Optional<GroupSets> sets = GroupSets.of(all).filter(found -> found.makeUp(established, sending, receiving));
        if (sets.isEmpty()) {
            return altered(group);
        }
        if (earlier.filter(HeldGroup::applied)
                .filter(held -> held.sets().isOtherMarkOf(sets.get()))
                .isPresent()) {
            return altered(group);
        }
        Optional<HeldGroup> known =
                earlier.filter(HeldGroup::applied).filter(held -> held.sets().equals(sets.get()));
        return known.isPresent() ? known.get() : read(group, sets.get());
    }

    /** Reads the elements of a group's sets. */
    HeldGroup read(String group, GroupSets sets) throws IOException {
        if (sets.isEmpty()) {
            return HeldGroup.WITHDRAWN;
        }
        try {
            List<Allow> egress = boxes(sets, Kind.EGRESS_IPV4, Kind.EGRESS_IPV6);
            List<Allow> ingress = boxes(sets, Kind.INGRESS_IPV4, Kind.INGRESS_IPV6);
            NameMarks marks = marks(sets.names());
            NameMarks tlsMarks = marks(sets.tlsNames());
            Optional<NamesOfSet> held = held(sets.names());
            Optional<NamesOfSet> intercepted = held(sets.tlsNames());
            Optional<GroupBudgets> its = sets.budgets().isEmpty()
                    ? Optional.of(GroupBudgets.NONE)
                    : budgets.apply(SetNames.digest(sets.budgets().get()));
            Optional<NamesOfSet> quic = held(sets.quicNames());
            Set<MarkedPort> quicPorts = ports(sets.quicNames());
            Set<NamedPort> atPorts = quicPorts.stream().map(MarkedPort::port).collect(Collectors.toUnmodifiableSet());
            if (held.isEmpty() || intercepted.isEmpty() || its.isEmpty() || quic.isEmpty()) {
                return new HeldGroup(sets, marks, tlsMarks, atPorts, UNKNOWN_NAMES);
            }
            if (!marks.byPort().keySet().equals(NamedPort.of(held.get().all()))
                    || !tlsMarks.byPort()
                            .keySet()
                            .equals(NamedPort.of(intercepted.get().all()))) {
                return altered(group);
            }
            if (!ports(sets.budgetedNames()).equals(its.get().ports())) {
                return altered(group);
            }
            if (!intercepted
                    .get()
                    .budgeted()
                    .equals(GroupRuleset.intercepted(its.get().budgeted()))) {
                return altered(group);
            }
            if (!quicPorts.equals(quic.get().among(marks, its.get()))) {
                return altered(group);
            }
            return new HeldGroup(
                    sets,
                    marks,
                    tlsMarks,
                    atPorts,
                    RulesetHash.of(
                            egress,
                            ingress,
                            held.get().named(),
                            intercepted.get().named(),
                            intercepted.get().http(),
                            intercepted.get().https(),
                            its.get().budgets(),
                            its.get().held(markedBoxes(sets)),
                            quic.get().named()));
        } catch (IllegalStateException e) {
            return altered(group);
        }
    }

    private List<Allow> boxes(GroupSets sets, Kind ipv4, Kind ipv6) throws IOException {
        List<Allow> boxes = new ArrayList<>();
        for (Kind kind : List.of(ipv4, ipv6)) {
            String set = sets.byKind().get(kind);
            if (set != null) {
                for (Element element : table.elements(set)) {
                    boxes.add(AllowedBox.of(element, kind == ipv6));
                }
            }
        }
        return List.copyOf(boxes);
    }

    private List<MarkedBox> markedBoxes(GroupSets sets) throws IOException {
        List<MarkedBox> boxes = new ArrayList<>();
        for (Kind kind : List.of(Kind.BUDGETED_IPV4, Kind.BUDGETED_IPV6)) {
            String map = sets.byKind().get(kind);
            if (map != null) {
                for (Element element : table.elements(map)) {
                    boxes.add(new MarkedBox(
                            AllowedBox.of(element, kind == Kind.BUDGETED_IPV6),
                            element.mark().orElse(0)));
                }
            }
        }
        return boxes;
    }

    private Set<MarkedPort> ports(Optional<String> set) throws IOException {
        Set<MarkedPort> ports = new HashSet<>();
        if (set.isPresent()) {
            for (Element element : table.elements(set.get())) {
                ports.add(MarkedPort.of(element));
            }
        }
        return ports;
    }

    /** The names that the set stands for; none without one, empty where they aren't known. */
    private Optional<NamesOfSet> held(Optional<String> set) {
        return set.isEmpty() ? Optional.of(NamesOfSet.NONE) : names.apply(SetNames.digest(set.get()));
    }

    private NameMarks marks(Optional<String> set) throws IOException {
        if (set.isEmpty()) {
            return NameMarks.NONE;
        }
        Map<NamedPort, Integer> marks = new HashMap<>();
        for (Element element : table.elements(set.get())) {
            MarkedPort port = MarkedPort.of(element);
            if (marks.put(port.port(), port.mark()) != null) {
                throw new IllegalStateException("two marks for " + port.port());
            }
        }
        return new NameMarks(marks);
    }

    private static HeldGroup altered(String group) {
        LOG.warn(
                "the chains of the policy group {} hold rules that the fence did not make: no agent is bound to it",
                group);
        return HeldGroup.ALTERED;
    }
}
