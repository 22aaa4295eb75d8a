package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.RulesetHash;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the agents of one policy group may reach, and what may reach them.
 *
 * @param hash canonical hash of all of it, see {@code dev.agentcontainers.policy}
 * @param egress allowed destinations, pairwise disjoint
 * @param ingress allowed sources, each with ports of the agents, pairwise disjoint
 * @param names domain names that may be resolved, and the ports at what they resolve to
 * @param tlsNames the same, where what passes is TLS for that very name and nothing else
 * @param httpNames the same, where what passes is some requests of HTTP and nothing else
 * @param httpsNames the same, where what passes is some requests of HTTP inside TLS for that very name and nothing else
 * @param sources the policies and rules that it was compiled from, for records only
 * @param budgets rules with budgets
 * @param budgeted what only such rules allow, by which of them, disjoint from {@code egress} and among each other
 * @param rules which rules of egress allow what, for records and counters only
 * @param quicNames those of {@code names} and {@code budgeted} to which QUIC passes, at ports of UDP; to the others it does not
 */
public record GroupRuleset(
        String name,
        String hash,
        List<Allow> egress,
        List<Allow> ingress,
        List<AllowedName> names,
        List<AllowedName> tlsNames,
        List<AllowedHttp> httpNames,
        List<AllowedHttp> httpsNames,
        List<String> sources,
        List<Budget> budgets,
        List<Budgeted> budgeted,
        List<AllowingRule> rules,
        List<AllowedName> quicNames) {
    public GroupRuleset {
        egress = List.copyOf(egress);
        ingress = List.copyOf(ingress);
        names = List.copyOf(names);
        tlsNames = List.copyOf(tlsNames);
        httpNames = List.copyOf(httpNames);
        httpsNames = List.copyOf(httpsNames);
        sources = List.copyOf(sources);
        budgets = List.copyOf(budgets);
        budgeted = List.copyOf(budgeted);
        rules = List.copyOf(rules);
        quicNames = List.copyOf(quicNames);
    }

    /** To whose names no QUIC passes. */
    public GroupRuleset(
            String name,
            String hash,
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> httpNames,
            List<AllowedHttp> httpsNames,
            List<String> sources,
            List<Budget> budgets,
            List<Budgeted> budgeted,
            List<AllowingRule> rules) {
        this(
                name,
                hash,
                egress,
                ingress,
                names,
                tlsNames,
                httpNames,
                httpsNames,
                sources,
                budgets,
                budgeted,
                rules,
                List.of());
    }

    /** Of which it is not known which rules allow what. */
    public GroupRuleset(
            String name,
            String hash,
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> httpNames,
            List<AllowedHttp> httpsNames,
            List<String> sources,
            List<Budget> budgets,
            List<Budgeted> budgeted) {
        this(
                name,
                hash,
                egress,
                ingress,
                names,
                tlsNames,
                httpNames,
                httpsNames,
                sources,
                budgets,
                budgeted,
                List.of());
    }

    /** Without budgets. */
    public GroupRuleset(
            String name,
            String hash,
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> httpNames,
            List<AllowedHttp> httpsNames,
            List<String> sources) {
        this(name, hash, egress, ingress, names, tlsNames, httpNames, httpsNames, sources, List.of(), List.of());
    }

    /** The same but for what only rules with budgets allow; with the hash of that. */
    public GroupRuleset withoutBudgets() {
        // Of the others no port is left.
        List<AllowedName> quic = quicNames.stream()
                .filter(each -> names.stream()
                        .anyMatch(name -> name.protocol() == each.protocol()
                                && name.port() <= each.endPort()
                                && each.port() <= name.endPort()))
                .toList();
        String its =
                RulesetHash.of(egress, ingress, names, tlsNames, httpNames, httpsNames, List.of(), List.of(), quic);
        return new GroupRuleset(
                name,
                its,
                egress,
                ingress,
                names,
                tlsNames,
                httpNames,
                httpsNames,
                sources,
                List.of(),
                List.of(),
                rules,
                quic);
    }

    /**
     * What of it is in force.
     *
     * @param held hashes of what the kernel holds, by the group's name
     */
    public GroupRuleset inForce(Map<String, String> held) {
        return isHeldWithoutBudgets(held) ? withoutBudgets() : this;
    }

    /** Whether all of it is in force but for what only rules with budgets allow. */
    public boolean isHeldWithoutBudgets(Map<String, String> held) {
        return !budgeted.isEmpty() && withoutBudgets().hash().equals(held.get(name));
    }

    /** Every destination by address, within budgets or without. */
    public List<Allow> allEgress() {
        return Stream.concat(egress.stream(), budgetedEgress().stream()).toList();
    }

    /** The destinations by address that only rules with budgets allow. */
    public List<Allow> budgetedEgress() {
        return budgeted.stream()
                .flatMap(each -> orEmpty(each.egress()).stream())
                .toList();
    }

    /** The names of rules with budgets. */
    public List<AllowedName> budgetedNames() {
        return budgeted.stream().flatMap(each -> orEmpty(each.names()).stream()).toList();
    }

    /** What who relays charges to the budgets of rules with tls or http. */
    public List<Budgeted> budgetedIntercepted() {
        return intercepted(budgeted);
    }

    /** The same of what any rules with budgets allow. */
    public static List<Budgeted> intercepted(List<Budgeted> budgeted) {
        return budgeted.stream()
                .map(each -> new Budgeted(
                        each.budgets(), List.of(), List.of(), each.tlsNames(), each.httpNames(), each.httpsNames()))
                .filter(each -> each.tlsNames() != null || each.httpNames() != null || each.httpsNames() != null)
                .toList();
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    /** Of which it is not known what it was compiled from. */
    public GroupRuleset(
            String name,
            String hash,
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames) {
        this(name, hash, egress, ingress, names, tlsNames, List.of(), List.of(), List.of());
    }

    /** The names whose connections are intercepted, whatever may pass on them, within budgets or without. */
    public List<AllowedName> interceptedNames() {
        return Stream.concat(
                        intercepted(tlsNames, httpNames, httpsNames),
                        budgetedIntercepted().stream()
                                .flatMap(each -> intercepted(
                                        orEmpty(each.tlsNames()),
                                        orEmpty(each.httpNames()),
                                        orEmpty(each.httpsNames()))))
                .distinct()
                .toList();
    }

    private static Stream<AllowedName> intercepted(
            List<AllowedName> tls, List<AllowedHttp> http, List<AllowedHttp> https) {
        return Stream.concat(
                tls.stream(),
                Stream.concat(http.stream(), https.stream())
                        .map(name -> new AllowedName(name.domain(), Protocol.TCP, name.port(), name.endPort())));
    }

    /** Without names for which only TLS passes. */
    public GroupRuleset(String name, String hash, List<Allow> egress, List<Allow> ingress, List<AllowedName> names) {
        this(name, hash, egress, ingress, names, List.of());
    }

    /** Without ingress and names. */
    public GroupRuleset(String name, String hash, List<Allow> egress) {
        this(name, hash, egress, List.of(), List.of());
    }
}
