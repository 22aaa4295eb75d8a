package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.FlowSet;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.endpoint.ServedPort;
import dev.agentcontainers.policy.rule.Action;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The flows that one direction of an agent's policy accepts: what is undecided begins as everything, and each rule in the order of
 * decision takes its flows out of it. The order is that of {@link Evaluator}.
 */
final class DirectedFlows {
    private final Direction direction;
    private final List<ServedPort> own;
    private final PeerAddresses peers;
    private final RuleAreas ruleAreas;
    private final FlowSet undecided = new FlowSet();
    private final List<Area> accepted = new ArrayList<>();
    /** What rules of egress have denied, or passed within the tier that is being decided. */
    private final FlowSet closed = new FlowSet();

    private final RuleNames names = new RuleNames();
    private final Map<Rule, List<Area>> budgeted = new LinkedHashMap<>();
    private final Map<Rule, List<Area>> byRule = new LinkedHashMap<>();

    /** @param own the ports that the agent serves */
    DirectedFlows(Direction direction, List<ServedPort> own, PeerAddresses peers) {
        this.direction = direction;
        this.own = own;
        this.peers = peers;
        this.ruleAreas = new RuleAreas(peers);
    }

    /** The flows that are accepted without a budget; areas may overlap. */
    List<Area> accepted(DirectedPolicy policy) {
        everywhere(family -> {
                    AddressRanges all = AddressRanges.everywhere(family);
                    return direction == Direction.EGRESS ? Invariants.removedFrom(all) : all;
                })
                .forEach(undecided::add);
        decideInOrder(policy.admin());
        if (direction == Direction.EGRESS) {
            everywhere(peers::ofNodes).forEach(undecided::remove);
        }
        if (policy.union()) {
            for (Rule rule : policy.last()) {
                List<Area> its =
                        rule.budget().isPresent() ? budgeted.computeIfAbsent(rule, _ -> new ArrayList<>()) : accepted;
                List<Area> areas = ruleAreas.of(rule, direction, own);
                areas.forEach(area -> its.addAll(undecided.within(area)));
                byRule.computeIfAbsent(rule, _ -> new ArrayList<>()).addAll(areas);
                names.accept(rule, closed);
            }
        } else {
            decideInOrder(policy.last());
        }
        return accepted;
    }

    /** The first rule that is about a flow decides it; what one passes no later rule of the tier is about. */
    private void decideInOrder(List<Rule> rules) {
        List<Area> passed = new ArrayList<>();
        for (Rule rule : rules) {
            if (rule.action() == Action.ACCEPT) {
                names.accept(rule, closed);
            }
            for (Area area : ruleAreas.of(rule, direction, own)) {
                List<Area> decided = undecided.within(area);
                switch (rule.action()) {
                    case ACCEPT -> {
                        accepted.addAll(decided);
                        byRule.computeIfAbsent(rule, _ -> new ArrayList<>()).addAll(decided);
                    }
                    case PASS -> {
                        passed.addAll(decided);
                        decided.forEach(closed::add);
                    }
                    case DENY -> decided.forEach(closed::add);
                }
                decided.forEach(undecided::remove);
            }
        }
        passed.forEach(undecided::add);
        passed.forEach(closed::remove);
    }

    /** The domain names that are accepted; complete after the flows are. */
    RuleNames names() {
        return names;
    }

    /** What each rule with a budget accepts, in their order, what others accept included; complete after the flows are. */
    Map<Rule, List<Area>> budgeted() {
        return budgeted;
    }

    /**
     * What each rule that accepts says that it accepts, in the order of decision; complete after the flows are. Other rules may have
     * decided some of it, and accepted it or not.
     */
    Map<Rule, List<Area>> byRule() {
        return byRule;
    }

    private static List<Area> everywhere(Function<AddressFamily, AddressRanges> addresses) {
        List<Area> areas = new ArrayList<>();
        for (AddressFamily family : AddressFamily.values()) {
            AddressRanges ofFamily = addresses.apply(family);
            if (!ofFamily.isEmpty()) {
                for (Protocol protocol : Protocol.values()) {
                    areas.add(new Area(protocol, PortRange.ALL, ofFamily));
                }
            }
        }
        return areas;
    }
}
