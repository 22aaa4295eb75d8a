package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.box.TooManyBoxesException;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Compiles the policies that apply to a subject into the one ruleset that stands for them, for both directions. Each end of a
 * flow is compiled from its own policies: whether the other end lets it pass is the other's ruleset. Selectors become the addresses
 * that the selected endpoints have now, names of ports those that the destinations serve under them.
 *
 * <p>Not thread-safe: it remembers what it has looked up for one subject and uses it for the next.
 */
public final class PolicyCompiler {
    /**
     * The most boxes that either direction of a ruleset may have. Nodes hold many rulesets in one object of the API server,
     * whose size is limited, and exceptions multiply with ports: a rule that allows everything but the invariants takes some
     * 1,400 boxes, and each run of ports that is different takes a third of that more.
     */
    public static final int MOST_BOXES = 4096;

    /** The most domain names of a ruleset, counted with each range of their ports. */
    public static final int MOST_NAMES = 2048;

    /** The most characters of what a ruleset says about requests of HTTP: a part of what an object of the API server holds. */
    public static final int MOST_OF_REQUESTS = 128 << 10;

    /** The most characters of the names to which QUIC passes, which are said a second time for it. */
    public static final int MOST_OF_QUIC_NAMES = 256 << 10;

    private final Policies policies;
    private final Endpoints endpoints;
    private final PeerAddresses peers;

    /** @param endpoints those that selectors and named ports can refer to */
    public PolicyCompiler(Policies policies, Endpoints endpoints) {
        this.policies = policies;
        this.endpoints = endpoints;
        this.peers = new PeerAddresses(endpoints);
    }

    /**
     * The ruleset of the subject's policy group where there are only these policies and no endpoint is known.
     *
     * @param networkPolicies those of other namespaces don't matter
     */
    public static CompiledPolicy compile(PolicySubject subject, List<NetworkPolicy> networkPolicies) {
        return compile(subject, networkPolicies, List.of());
    }

    /** The same with EgressPolicies, of which those of other namespaces don't matter either. */
    public static CompiledPolicy compile(
            PolicySubject subject, List<NetworkPolicy> networkPolicies, List<EgressPolicy> egressPolicies) {
        return new PolicyCompiler(Policies.of(networkPolicies, egressPolicies, List.of()), Endpoints.NONE)
                .compile(subject);
    }

    /**
     * The ruleset of the subject's policy group. Depends on what the policies mean, not on their order or form. A direction
     * that would take more than {@link #MOST_BOXES} allows nothing and says so among the problems.
     */
    public CompiledPolicy compile(PolicySubject subject) {
        return compilation(subject).policy();
    }

    /** The ruleset together with what it depends on. */
    public Compilation compilation(PolicySubject subject) {
        Endpoint.Agent agent = subject.agent();
        DirectedPolicy sending = DirectedPolicy.of(agent, Direction.EGRESS, policies, endpoints);
        DirectedPolicy receiving = DirectedPolicy.of(agent, Direction.INGRESS, policies, endpoints);
        List<String> problems = new ArrayList<>();
        sending.rules().forEach(rule -> problems.addAll(problems(rule, Direction.EGRESS)));
        receiving.rules().forEach(rule -> problems.addAll(problems(rule, Direction.INGRESS)));
        DirectedFlows out = new DirectedFlows(Direction.EGRESS, subject.ports(), peers);
        DirectedFlows in = new DirectedFlows(Direction.INGRESS, subject.ports(), peers);
        List<Area> accepted = out.accepted(sending);
        List<Allow> egress = boxes(accepted, Direction.EGRESS, problems);
        List<Allow> ingress = boxes(in.accepted(receiving), Direction.INGRESS, problems);
        AcceptedNames names = names(out.names(), problems);
        CompiledBudgets budgets = new BudgetCompiler(out.budgeted(), out.names().budgetedNames())
                .compiled(
                        new BudgetCompiler.Free(accepted, names.plain(), names.tls()),
                        new BudgetCompiler.Room(
                                MOST_BOXES - egress.size(),
                                MOST_NAMES - names.size(),
                                MOST_OF_REQUESTS - HttpNames.size(names.http()) - HttpNames.size(names.https())),
                        problems);
        List<AllowedName> quic = quicNames(out.names().quicNames(), names.plain(), budgets, problems);
        return new Compilation(
                new CompiledPolicy(
                        RulesetHash.ofCanonical(
                                egress,
                                ingress,
                                names.plain(),
                                names.tls(),
                                names.http(),
                                names.https(),
                                budgets.budgets(),
                                budgets.budgeted(),
                                quic),
                        Stream.concat(sending.sources().stream(), receiving.sources().stream())
                                .distinct()
                                .sorted()
                                .toList(),
                        problems,
                        egress,
                        ingress,
                        names.plain(),
                        names.tls(),
                        names.http(),
                        names.https(),
                        budgets.budgets(),
                        budgets.budgeted(),
                        quic,
                        new RuleAttribution(out.byRule(), out.names().byRule()).rules()),
                Compilation.dependencies(sending, receiving));
    }

    /** Only of what is allowed after all. */
    private static List<AllowedName> quicNames(
            List<AllowedName> accepted, List<AllowedName> plain, CompiledBudgets budgets, List<String> problems) {
        List<AllowedName> open = Stream.concat(
                        plain.stream(), budgets.budgeted().stream().flatMap(each -> each.names().stream()))
                .filter(name -> name.protocol() == Protocol.UDP)
                .toList();
        List<AllowedName> quic = Names.within(accepted, open);
        if (quic.size() > MOST_NAMES || Names.size(quic) > MOST_OF_QUIC_NAMES) {
            problems.add(
                    "the rules with quic: Allow together name more than %d domain names and ranges of ports, or %d characters of them, so QUIC passes to none"
                            .formatted(MOST_NAMES, MOST_OF_QUIC_NAMES));
            return List.of();
        }
        return quic;
    }

    private static List<Allow> boxes(List<Area> accepted, Direction direction, List<String> problems) {
        try {
            return Boxes.canonical(accepted, MOST_BOXES);
        } catch (TooManyBoxesException tooMany) {
            problems.add(
                    "the policies together make %s of addresses and ports for %s, so they allow nothing there: use fewer exceptions, ports, policies or selected endpoints"
                            .formatted(tooMany.getMessage(), direction.rulesField()));
            return List.of();
        }
    }

    /**
     * In canonical form: where a rule without tls and http allows a name and port, one with either takes nothing away; nor one with both
     * where a rule with tls alone does.
     */
    private record AcceptedNames(
            List<AllowedName> plain, List<AllowedName> tls, List<AllowedHttp> http, List<AllowedHttp> https) {
        static final AcceptedNames NONE = new AcceptedNames(List.of(), List.of(), List.of(), List.of());

        int size() {
            return plain.size() + tls.size() + http.size() + https.size();
        }
    }

    private static AcceptedNames names(RuleNames accepted, List<String> problems) {
        problems.addAll(accepted.problems());
        List<AllowedName> plain = Names.canonicalOf(accepted.names());
        List<AllowedName> tls = Names.without(accepted.tlsNames(), plain);
        List<AllowedHttp> http = HttpNames.without(accepted.httpNames(), plain);
        List<AllowedHttp> https = HttpNames.without(
                accepted.httpsNames(),
                Stream.concat(plain.stream(), tls.stream()).toList());
        if (plain.size() + tls.size() + http.size() + https.size() > MOST_NAMES) {
            problems.add(
                    "the policies together allow more than %d domain names and ranges of ports, so no name is allowed"
                            .formatted(MOST_NAMES));
            return AcceptedNames.NONE;
        }
        if (HttpNames.size(http) + HttpNames.size(https) > MOST_OF_REQUESTS) {
            problems.add(
                    "what the rules with http say together is longer than %d characters, so they allow no request: use fewer methods, paths and hosts"
                            .formatted(MOST_OF_REQUESTS));
            return new AcceptedNames(plain, tls, List.of(), List.of());
        }
        return new AcceptedNames(plain, tls, http, https);
    }

    /** What of a rule allows nothing, or denies more than it says, each with its place. */
    private List<String> problems(Rule rule, Direction direction) {
        List<String> problems = new ArrayList<>(rule.problems());
        for (int index = 0; index < rule.peers().size(); index++) {
            String place = "%s.%s[%d]".formatted(rule.source(), direction.peersField(), index);
            switch (rule.peers().get(index)) {
                case Peer.Selected _ -> {
                    if (isAlone()) {
                        problems.add(
                                place
                                        + ": podSelector and namespaceSelector select nothing where there is no cluster; the peer allows nothing");
                    }
                }
                // That a selector finds nobody may change at any time.
                case Peer.Everywhere _,
                        Peer.Block _,
                        Peer.Agents _,
                        Peer.Nodes _,
                        Peer.Domain _,
                        Peer.Unreadable _ -> {}
            }
        }
        for (int index = 0; index < rule.ports().size(); index++) {
            if (rule.ports().get(index) instanceof PortMatch.Named named
                    && direction == Direction.EGRESS
                    && isAlone()) {
                problems.add("%s.ports[%d].port: the name '%s' stands for no port of an address; it matches nothing"
                        .formatted(rule.source(), index, named.name()));
            }
        }
        return problems;
    }

    private boolean isAlone() {
        return endpoints == Endpoints.NONE;
    }
}
