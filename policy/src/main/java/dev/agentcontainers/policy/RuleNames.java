package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.box.FlowSet;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The domain names that a rule of egress accepts. What they resolve to is known to the node alone, which opens it port by port if it
 * is public; so a name is in a ruleset only where no rule before has closed a public address at its ports.
 */
final class RuleNames {
    /** The most ports of a rule with domain names: each is opened at each address by itself. */
    static final int MOST_PORTS = 64;

    /** Besides the invariants, and all of IPv6. */
    private static final AddressRanges NEVER_OPENED = AddressRanges.ofFamily(AddressFamily.IPV4, PrivateRanges.ALL);

    private final List<AllowedName> names = new ArrayList<>();
    private final List<AllowedName> tlsNames = new ArrayList<>();
    private final List<AllowedHttp> httpNames = new ArrayList<>();
    private final List<AllowedHttp> httpsNames = new ArrayList<>();
    private final Map<Rule, BudgetedNames> budgetedNames = new LinkedHashMap<>();
    private final Map<Rule, List<AllowedName>> byRule = new LinkedHashMap<>();
    private final List<AllowedName> quicNames = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    /** Whether a node opens that address for a name; some nodes close more. */
    static boolean mayOpen(Cidr address) {
        return address.family() == AddressFamily.IPV4
                && Invariants.denying(address).isEmpty()
                && !NEVER_OPENED.contains(address);
    }

    /** The names of all rules so far that don't look at what passes, and have no budget, as all that follow. */
    List<AllowedName> names() {
        return names;
    }

    /** Those of rules that let only TLS pass. */
    List<AllowedName> tlsNames() {
        return tlsNames;
    }

    /** Those of rules that let only some requests of HTTP pass. */
    List<AllowedHttp> httpNames() {
        return httpNames;
    }

    /** Those of rules that let only some requests of HTTP inside TLS pass. */
    List<AllowedHttp> httpsNames() {
        return httpsNames;
    }

    /** Those of each rule with a budget, which are among no others. */
    Map<Rule, BudgetedNames> budgetedNames() {
        return budgetedNames;
    }

    /** Those to which QUIC passes, at ports of UDP. */
    List<AllowedName> quicNames() {
        return quicNames;
    }

    /** Those of each rule, whatever may pass there. */
    Map<Rule, List<AllowedName>> byRule() {
        return byRule;
    }

    /** What of the rules' names allows nothing, each with its place. */
    List<String> problems() {
        return problems;
    }

    /** @param closed flows that rules before have decided otherwise than by accepting them */
    void accept(Rule rule, FlowSet closed) {
        List<Peer.Domain> domains = new ArrayList<>();
        for (Peer peer : rule.peers()) {
            if (peer instanceof Peer.Domain domain) {
                domains.add(domain);
            }
        }
        if (domains.isEmpty()) {
            return;
        }
        int ports = 0;
        for (PortMatch match : rule.ports()) {
            ports += match instanceof PortMatch.Numbered(var any, PortRange range)
                    ? range.last() - range.first() + 1
                    : MOST_PORTS + 1;
        }
        if (ports > MOST_PORTS) {
            problems.add("%s: with domain names it needs ports by number, at most %d in all; the names allow nothing"
                    .formatted(rule.source(), MOST_PORTS));
            return;
        }
        for (PortMatch match : rule.ports()) {
            if (match instanceof PortMatch.Numbered(Protocol protocol, PortRange range)) {
                for (PortRange open : withoutQuic(rule, protocol, range)) {
                    accept(rule, domains, protocol, open, closed);
                }
            }
        }
    }

    private List<PortRange> withoutQuic(Rule rule, Protocol protocol, PortRange range) {
        boolean holds = range.first() <= Rule.QUIC_PORT && Rule.QUIC_PORT <= range.last();
        if (!holds || !rule.closesToQuic(protocol, Rule.QUIC_PORT)) {
            return List.of(range);
        }
        problems.add("%s: UDP port %d is for QUIC, which has to be allowed (quic: Allow); the names allow nothing there"
                .formatted(rule.source(), Rule.QUIC_PORT));
        List<PortRange> rest = new ArrayList<>();
        if (range.first() < Rule.QUIC_PORT) {
            rest.add(new PortRange(range.first(), Rule.QUIC_PORT - 1));
        }
        if (range.last() > Rule.QUIC_PORT) {
            rest.add(new PortRange(Rule.QUIC_PORT + 1, range.last()));
        }
        return rest;
    }

    private void accept(Rule rule, List<Peer.Domain> domains, Protocol protocol, PortRange range, FlowSet closed) {
        AddressRanges open = Invariants.removedFrom(AddressRanges.everywhere(AddressFamily.IPV4))
                .minus(NEVER_OPENED);
        if (!closed.within(new Area(protocol, range, open)).isEmpty()) {
            problems.add(
                    "%s: a rule before it closes public addresses at ports %s/%s, to which a name might resolve; the names allow nothing there"
                            .formatted(rule.source(), range, protocol));
            return;
        }
        for (Peer.Domain domain : domains) {
            byRule.computeIfAbsent(rule, _ -> new ArrayList<>())
                    .add(new AllowedName(domain.name().toString(), protocol, range.first(), range.last()));
            if (rule.quic() && protocol == Protocol.UDP) {
                quicNames.add(new AllowedName(domain.name().toString(), protocol, range.first(), range.last()));
            }
            Optional<BudgetedNames> budgeted =
                    rule.budget().map(_ -> budgetedNames.computeIfAbsent(rule, _ -> new BudgetedNames()));
            if (rule.onlyHttp()) {
                List<AllowedHttp> its = rule.onlyTls()
                        ? budgeted.map(BudgetedNames::https).orElse(httpsNames)
                        : budgeted.map(BudgetedNames::http).orElse(httpNames);
                rule.requests()
                        .forEach(requests -> its.add(
                                HttpNames.allowed(domain.name().toString(), range.first(), range.last(), requests)));
                continue;
            }
            List<AllowedName> its = rule.onlyTls()
                    ? budgeted.map(BudgetedNames::tls).orElse(tlsNames)
                    : budgeted.map(BudgetedNames::plain).orElse(names);
            its.add(new AllowedName(domain.name().toString(), protocol, range.first(), range.last()));
        }
    }
}
