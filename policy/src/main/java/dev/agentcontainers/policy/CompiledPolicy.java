package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The ruleset of a policy group.
 *
 * @param hash {@link RulesetHash} of all that is allowed
 * @param sources the policies and inline rules that apply, sorted: {@code EgressPolicy/sites}, {@code NetworkPolicy/web}, {@code inline/data}
 * @param problems what of the sources allows nothing although its author may have meant it to, each with its field
 * @param egress the allowed destinations in canonical form: pairwise disjoint boxes, as few as the form has, sorted
 * @param ingress the allowed sources in the same form, each with ports of the group's own agents
 * @param names the allowed domain names, sorted
 * @param tlsNames those for which only TLS passes, sorted; none of them is among the names with the same port
 * @param httpNames those to which only some requests of HTTP pass, in the form of {@link HttpNames}; none of them is among the names
 *     with the same port
 * @param httpsNames the same inside TLS; none of them is among the names and tlsNames with the same port
 * @param budgets the rules with budgets, sorted
 * @param budgeted what only rules with budgets allow, by which of them do, sorted; disjoint from egress and among each other
 * @param quicNames those of names, and of names within budgets, to which QUIC passes, all of UDP
 * @param rules which rules of egress allow what, in the order in which what passes counts for them; no part of the hash
 */
public record CompiledPolicy(
        String hash,
        List<String> sources,
        List<String> problems,
        List<Allow> egress,
        List<Allow> ingress,
        List<AllowedName> names,
        List<AllowedName> tlsNames,
        List<AllowedHttp> httpNames,
        List<AllowedHttp> httpsNames,
        List<Budget> budgets,
        List<Budgeted> budgeted,
        List<AllowedName> quicNames,
        List<AllowingRule> rules) {
    private static final int MOST_SOURCES = 256;
    private static final int MOST_PROBLEMS = 64;
    private static final int LONGEST_TEXT = 1024;

    public CompiledPolicy {
        sources = List.copyOf(sources);
        problems = List.copyOf(problems);
        egress = List.copyOf(egress);
        ingress = List.copyOf(ingress);
        names = List.copyOf(names);
        tlsNames = List.copyOf(tlsNames);
        httpNames = List.copyOf(httpNames);
        httpsNames = List.copyOf(httpsNames);
        budgets = List.copyOf(budgets);
        budgeted = List.copyOf(budgeted);
        quicNames = List.copyOf(quicNames);
        rules = List.copyOf(rules);
    }

    /** One of which it is not said which rules allow what. */
    public CompiledPolicy(
            String hash,
            List<String> sources,
            List<String> problems,
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> httpNames,
            List<AllowedHttp> httpsNames,
            List<Budget> budgets,
            List<Budgeted> budgeted) {
        this(
                hash,
                sources,
                problems,
                egress,
                ingress,
                names,
                tlsNames,
                httpNames,
                httpsNames,
                budgets,
                budgeted,
                List.of(),
                List.of());
    }

    /** One without budgets. */
    public CompiledPolicy(
            String hash,
            List<String> sources,
            List<String> problems,
            List<Allow> egress,
            List<Allow> ingress,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> httpNames,
            List<AllowedHttp> httpsNames) {
        this(hash, sources, problems, egress, ingress, names, tlsNames, httpNames, httpsNames, List.of(), List.of());
    }

    /** All destinations by address that are allowed, within budgets or without. */
    public List<Allow> allEgress() {
        return budgeted.isEmpty()
                ? egress
                : Stream.concat(egress.stream(), budgeted.stream().flatMap(each -> each.egress().stream()))
                        .toList();
    }

    /** All domain names that are allowed whatever passes, within budgets or without. */
    public List<AllowedName> allNames() {
        return budgeted.isEmpty()
                ? names
                : Stream.concat(names.stream(), budgeted.stream().flatMap(each -> each.names().stream()))
                        .toList();
    }

    /** All domain names to which TLS passes and nothing else, within budgets or without. */
    public List<AllowedName> allTlsNames() {
        return withBudgeted(tlsNames, Budgeted::tlsNames);
    }

    /** All domain names to which some requests of HTTP pass, within budgets or without. */
    public List<AllowedHttp> allHttpNames() {
        return withBudgeted(httpNames, Budgeted::httpNames);
    }

    /** The same inside TLS. */
    public List<AllowedHttp> allHttpsNames() {
        return withBudgeted(httpsNames, Budgeted::httpsNames);
    }

    private <T> List<T> withBudgeted(List<T> free, Function<Budgeted, @Nullable List<T>> of) {
        return budgeted.isEmpty()
                ? free
                : Stream.concat(
                                free.stream(),
                                budgeted.stream().flatMap(each -> CompiledBudgets.orEmpty(of.apply(each)).stream()))
                        .toList();
    }

    /** The entry of an AgentNodePolicy, which names only so many sources and problems. */
    public Group asGroup(String name) {
        return new Group(
                name,
                hash,
                bounded(sources, MOST_SOURCES),
                egress,
                problems.isEmpty() ? null : bounded(problems, MOST_PROBLEMS),
                ingress.isEmpty() ? null : ingress,
                names.isEmpty() ? null : names,
                tlsNames.isEmpty() ? null : tlsNames,
                httpNames.isEmpty() ? null : httpNames,
                httpsNames.isEmpty() ? null : httpsNames,
                budgets.isEmpty() ? null : budgets,
                budgeted.isEmpty() ? null : budgeted,
                rules.isEmpty() ? null : rules,
                quicNames.isEmpty() ? null : quicNames);
    }

    private static List<String> bounded(List<String> texts, int most) {
        List<String> shown = new ArrayList<>();
        for (String text : texts.subList(0, texts.size() > most ? most - 1 : texts.size())) {
            shown.add(text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT - 1) + "…" : text);
        }
        if (texts.size() > most) {
            shown.add("and %d more".formatted(texts.size() - shown.size()));
        }
        return List.copyOf(shown);
    }
}
