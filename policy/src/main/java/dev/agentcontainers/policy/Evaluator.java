package dev.agentcontainers.policy;

import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.Decision.Ungoverned;
import dev.agentcontainers.policy.Invariants.Invariant;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.RequestRule;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.Policy;
import dev.agentcontainers.policy.rule.Rule;
import dev.agentcontainers.policy.rule.RuleBudget;
import dev.agentcontainers.policy.rule.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Says what policy makes of a flow: at its source by the egress rules there, at its destination by the ingress rules
 * there. Decides by the rules themselves, not by what was compiled from them, so that each can be tested against the
 * other. It knows no limit of size: what {@link PolicyCompiler} refuses as too large is judged here all the same.
 *
 * <p>The order of a decision: {@link Invariants} (of agents only), tier Admin, NetworkPolicies together with EgressPolicies
 * and inline rules, tier Baseline; then an agent denies and a Pod allows. A node is nobody's to govern and, as a destination of an agent,
 * open only to what tier Admin accepts. Flows of an endpoint to itself are decided like any other, though they may never
 * reach what enforces this.
 */
public final class Evaluator {
    private Evaluator() {}

    /** @param endpoints those that selectors, named ports and addresses can refer to */
    public static Verdict evaluate(Policies policies, Endpoints endpoints, Flow flow) {
        Flow identified = flow.identifiedIn(endpoints);
        return new Verdict(
                new OneEnd(policies, endpoints, identified, Direction.EGRESS).decision(),
                new OneEnd(policies, endpoints, identified, Direction.INGRESS).decision());
    }

    /** One end of a flow, with the other as its peer. */
    private record OneEnd(Policies policies, Endpoints endpoints, Flow flow, Direction direction) {
        Decision decision() {
            return switch (self().endpoint()) {
                case null -> new Ungoverned(self() + " is no agent and no Pod");
                case Endpoint.Node node -> new Ungoverned(node + " is governed by no policy");
                case Endpoint.Workload workload -> decision(workload);
            };
        }

        private Decision decision(Endpoint.Workload workload) {
            boolean ofAgent = workload instanceof Endpoint.Agent && direction == Direction.EGRESS;
            Cidr address = peer().address();
            if (ofAgent && address != null) {
                Optional<Invariant> invariant = Invariants.denying(address);
                if (invariant.isPresent()) {
                    return explanation(workload).deniedBy(invariant.get());
                }
            }
            Optional<Decision> admin = decision(workload, Tier.ADMIN);
            if (admin.isPresent()) {
                return admin.get();
            }
            if (ofAgent && peer().endpoint() instanceof Endpoint.Node node) {
                return explanation(workload).deniedAs(node);
            }
            ApplicablePolicy applicable = ApplicablePolicy.to(
                    workload, direction, policies.in(Tier.NETWORK_POLICY, workload.namespace()), endpoints);
            if (!applicable.sources().isEmpty()) {
                return union(workload, applicable);
            }
            return decision(workload, Tier.BASELINE).orElseGet(() -> byDefault(workload));
        }

        /** The decision of the first rule of the tier that matches; empty where none does, or it passes. */
        private Optional<Decision> decision(Endpoint.Workload workload, Tier tier) {
            for (Policy policy : policies.in(tier, workload.namespace())) {
                for (Rule rule : policy.rulesFor(workload, direction, endpoints).orElse(List.of())) {
                    if (matches(rule)) {
                        return switch (rule.action()) {
                            case ACCEPT -> Optional.of(new Allowed(tier, rule.source()));
                            case DENY -> Optional.of(explanation(workload).deniedBy(tier, rule));
                            case PASS -> Optional.empty();
                        };
                    }
                }
            }
            return Optional.empty();
        }

        private Decision union(Endpoint.Workload workload, ApplicablePolicy applicable) {
            List<Rule> matching =
                    applicable.rules().stream().filter(this::matches).toList();
            if (!matching.isEmpty()) {
                return allowed(matching);
            }
            return explanation(workload)
                    .deniedByNone(
                            applicable.sources(),
                            applicable.rules().stream().map(this::consideration).toList(),
                            applicable.rules().stream()
                                    .filter(rule -> rule.onlyHttp() && hasTlsAsTheRequest(rule) && hasPlace(rule))
                                    .map(Rule::source)
                                    .findFirst());
        }

        /**
         * Rules only add to each other: what one lets pass whatever it carries, one with tls or http does not narrow. Such rules are
         * about domains, so the name that the address was resolved for is known.
         */
        private Allowed allowed(List<Rule> matching) {
            Optional<Rule> any = matching.stream()
                    .filter(rule ->
                            !rule.onlyTls() && !rule.onlyHttp() && rule.budget().isEmpty())
                    .findFirst();
            if (any.isPresent()) {
                return new Allowed(Tier.NETWORK_POLICY, any.get().source());
            }
            List<Rule> budgeted = charged(matching.stream()
                    .filter(rule -> !rule.onlyTls() && !rule.onlyHttp())
                    .toList());
            if (!budgeted.isEmpty()) {
                return withinBudget(budgeted);
            }
            List<Rule> unread =
                    matching.stream().filter(rule -> !rule.onlyHttp()).toList();
            return flow.request() == null
                    ? allowedAsItSays(matching, unread)
                    : allowedAsRequest(unread.isEmpty() ? matching : unread);
        }

        /** What passes unread is not charged to rules about requests. */
        private static Allowed allowedAsRequest(List<Rule> rules) {
            Optional<Rule> free =
                    rules.stream().filter(rule -> rule.budget().isEmpty()).findFirst();
            return free.isPresent()
                    ? new Allowed(Tier.NETWORK_POLICY, free.get().source())
                    : withinBudget(
                            rules.stream().limit(BudgetCompiler.MOST_OF_A_FLOW).toList());
        }

        /** @param unread those of the rules by which TLS passes whatever is inside */
        private Allowed allowedAsItSays(List<Rule> rules, List<Rule> unread) {
            boolean freeTls = unread.stream().anyMatch(rule -> rule.budget().isEmpty());
            Rule first = rules.stream()
                    .min(Comparator.comparing(Rule::onlyHttp)
                            .thenComparing(rule -> rule.budget().isPresent()))
                    .orElseThrow();
            return new Allowed(
                    Tier.NETWORK_POLICY,
                    first.source(),
                    unread.isEmpty() ? Optional.empty() : Optional.ofNullable(peer().domain()),
                    requests(rules, false),
                    freeTls ? List.of() : requests(rules, true),
                    freeTls
                            ? List.of()
                            : budgets(unread.stream()
                                    .limit(BudgetCompiler.MOST_OF_A_FLOW)
                                    .toList()));
        }

        private static List<String> requests(List<Rule> rules, boolean insideTls) {
            return rules.stream()
                    .filter(rule -> rule.onlyTls() == insideTls)
                    .flatMap(rule -> rule.requests().stream()
                            .map(request -> request
                                    + rule.budget()
                                            .map(budget -> " within a budget of " + budget)
                                            .orElse("")))
                    .distinct()
                    .sorted()
                    .toList();
        }

        private boolean hasTlsAsTheRequest(Rule rule) {
            return flow.request() != null && flow.request().tls() == rule.onlyTls();
        }

        /** What a name resolved to is charged to the rules with that name alone. */
        private List<Rule> charged(List<Rule> matching) {
            List<Rule> budgeted =
                    matching.stream().filter(rule -> rule.budget().isPresent()).toList();
            List<Rule> byName = budgeted.stream().filter(this::isByName).toList();
            return (byName.isEmpty() ? budgeted : byName)
                    .stream().limit(BudgetCompiler.MOST_OF_A_FLOW).toList();
        }

        private boolean isByName(Rule rule) {
            return rule.peers().stream()
                    .anyMatch(peer -> peer instanceof Peer.Domain && peer.matches(peer(), endpoints));
        }

        private static Allowed withinBudget(List<Rule> rules) {
            return new Allowed(
                    Tier.NETWORK_POLICY,
                    rules.getFirst().source(),
                    Optional.empty(),
                    List.of(),
                    List.of(),
                    budgets(rules));
        }

        private static List<String> budgets(List<Rule> rules) {
            List<String> budgets = new ArrayList<>();
            for (Rule rule : rules) {
                String budget = rule.budget().map(RuleBudget::toString).orElseThrow();
                budgets.add(budgets.isEmpty() ? budget : budget + " of " + rule.source());
            }
            return budgets;
        }

        private Decision byDefault(Endpoint.Workload workload) {
            return switch (workload) {
                case Endpoint.Agent _ -> explanation(workload).deniedByDefault();
                case Endpoint.Pod pod ->
                    new Ungoverned("no policy governs the %s of %s".formatted(direction.rulesField(), pod));
            };
        }

        private boolean matches(Rule rule) {
            return hasPlace(rule) && rule.letsPass(flow.request(), peer().domain());
        }

        private boolean hasPlace(Rule rule) {
            return rule.concerns(peer(), endpoints)
                    && rule.hasPort(flow.protocol(), flow.port(), flow.destination())
                    && !isClosedToQuic(rule);
        }

        /** What addresses and selectors allow is not looked at. */
        private boolean isClosedToQuic(Rule rule) {
            return rule.closesToQuic(flow.protocol(), flow.port())
                    && rule.peers().stream()
                            .noneMatch(peer -> !(peer instanceof Peer.Domain) && peer.matches(peer(), endpoints));
        }

        private String consideration(Rule rule) {
            boolean concerned = rule.concerns(peer(), endpoints);
            boolean hasPort = rule.hasPort(flow.protocol(), flow.port(), flow.destination());
            String place = direction == Direction.EGRESS ? "address" : "source";
            String why = concerned && hasPort && isClosedToQuic(rule)
                    ? "allows the " + place + ", but not port 443/UDP, which is for QUIC (quic: Allow)"
                    : concerned && hasPort
                            ? "allows the " + place + " and the port, but only " + passing(rule)
                            : concerned
                                    ? "allows the " + place + ", but not port " + flow.port() + "/" + flow.protocol()
                                    : hasPort
                                            ? "allows the port, but not the " + place
                                            : "allows neither " + place + " nor port";
            List<String> problems = rule.problems();
            return rule.source() + " " + why + (problems.isEmpty() ? "" : " (" + String.join("; ", problems) + ")");
        }

        private static String passing(Rule rule) {
            return !rule.onlyHttp()
                    ? "TLS"
                    : (rule.onlyTls() ? "HTTPS: " : "HTTP: ")
                            + rule.requests().stream()
                                    .map(RequestRule::toString)
                                    .collect(Collectors.joining("; "));
        }

        private Explanation explanation(Endpoint.Workload workload) {
            return new Explanation(flow, direction, workload, peer());
        }

        private Party self() {
            return direction == Direction.EGRESS ? flow.source() : flow.destination();
        }

        private Party peer() {
            return direction == Direction.EGRESS ? flow.destination() : flow.source();
        }
    }
}
