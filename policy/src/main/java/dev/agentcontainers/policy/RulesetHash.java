package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Boxes;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Names a ruleset by what it allows. */
public final class RulesetHash {
    private RulesetHash() {}

    /** The hash of a ruleset that allows no ingress and no names. */
    public static String of(Collection<Allow> egress) {
        return of(egress, List.of(), List.of());
    }

    /**
     * The hash of the flows that boxes and names allow together: 40 characters of {@code 0-9a-f}. The same for any order
     * and any decomposition of the same flows, so what is read back from a kernel hashes like what was compiled.
     *
     * @throws IllegalArgumentException where a box or a name is malformed
     */
    public static String of(Collection<Allow> egress, Collection<Allow> ingress, Collection<AllowedName> names) {
        return of(egress, ingress, names, List.of());
    }

    /**
     * The same with names for which nothing but TLS passes.
     *
     * @throws IllegalArgumentException where a box or a name is malformed
     */
    public static String of(
            Collection<Allow> egress,
            Collection<Allow> ingress,
            Collection<AllowedName> names,
            Collection<AllowedName> tlsNames) {
        return of(egress, ingress, names, tlsNames, List.of());
    }

    /**
     * The same with names to which only some requests of HTTP pass. Rules about requests that are put together otherwise have another
     * hash also where they allow the same.
     *
     * @throws IllegalArgumentException where a box, a name or a rule about requests is malformed
     */
    public static String of(
            Collection<Allow> egress,
            Collection<Allow> ingress,
            Collection<AllowedName> names,
            Collection<AllowedName> tlsNames,
            Collection<AllowedHttp> httpNames) {
        return of(egress, ingress, names, tlsNames, httpNames, List.of());
    }

    /**
     * The same with names to which only some requests of HTTP inside TLS pass.
     *
     * @throws IllegalArgumentException where a box, a name or a rule about requests is malformed
     */
    public static String of(
            Collection<Allow> egress,
            Collection<Allow> ingress,
            Collection<AllowedName> names,
            Collection<AllowedName> tlsNames,
            Collection<AllowedHttp> httpNames,
            Collection<AllowedHttp> httpsNames) {
        return of(egress, ingress, names, tlsNames, httpNames, httpsNames, List.of(), List.of());
    }

    /**
     * The same with budgets, whose order counts, and what only rules with budgets allow.
     *
     * @throws IllegalArgumentException where a box, a name or a rule about requests is malformed
     */
    public static String of(
            Collection<Allow> egress,
            Collection<Allow> ingress,
            Collection<AllowedName> names,
            Collection<AllowedName> tlsNames,
            Collection<AllowedHttp> httpNames,
            Collection<AllowedHttp> httpsNames,
            List<Budget> budgets,
            Collection<Budgeted> budgeted) {
        return of(egress, ingress, names, tlsNames, httpNames, httpsNames, budgets, budgeted, List.of());
    }

    /**
     * The same with names to which QUIC passes.
     *
     * @throws IllegalArgumentException where a box, a name or a rule about requests is malformed
     */
    public static String of(
            Collection<Allow> egress,
            Collection<Allow> ingress,
            Collection<AllowedName> names,
            Collection<AllowedName> tlsNames,
            Collection<AllowedHttp> httpNames,
            Collection<AllowedHttp> httpsNames,
            List<Budget> budgets,
            Collection<Budgeted> budgeted,
            Collection<AllowedName> quicNames) {
        return ofCanonical(
                Boxes.canonicalOf(egress),
                Boxes.canonicalOf(ingress),
                Names.canonicalOf(names),
                Names.canonicalOf(tlsNames),
                HttpNames.canonicalOf(httpNames),
                HttpNames.canonicalOf(httpsNames),
                budgets,
                CompiledBudgets.canonicalOf(budgeted),
                Names.canonicalOf(quicNames));
    }

    static String ofCanonical(
            Collection<Allow> egress,
            Collection<Allow> ingress,
            Collection<AllowedName> names,
            Collection<AllowedName> tlsNames,
            Collection<AllowedHttp> httpNames,
            Collection<AllowedHttp> httpsNames,
            List<Budget> budgets,
            List<Budgeted> budgeted,
            Collection<AllowedName> quicNames) {
        var hash = new CanonicalHash("agentcontainers.dev/ruleset/1");
        add(egress, hash);
        boolean withBudgets = !budgets.isEmpty() || !budgeted.isEmpty();
        boolean withHttps = withBudgets || !httpsNames.isEmpty();
        boolean withHttp = withHttps || !httpNames.isEmpty();
        boolean withTls = withHttp || !tlsNames.isEmpty();
        // Rulesets of egress alone keep the hash that they had before there was anything else.
        if (withTls || !ingress.isEmpty() || !names.isEmpty()) {
            add(ingress, hash);
            addNames(names, hash);
        }
        if (withTls) {
            addNames(tlsNames, hash);
        }
        if (withHttp) {
            addHttpNames(httpNames, hash);
        }
        if (withHttps) {
            addHttpNames(httpsNames, hash);
        }
        if (withBudgets) {
            addBudgets(budgets, budgeted, hash);
        }
        // Where UDP is open to names, a node that does not look for QUIC there has another hash.
        if (!quicNames.isEmpty() || isUdpOpen(names) || budgeted.stream().anyMatch(each -> isUdpOpen(each.names()))) {
            addNames(quicNames, hash.text("quic"));
        }
        return hash.hex();
    }

    private static void addBudgets(List<Budget> budgets, List<Budgeted> budgeted, CanonicalHash hash) {
        hash.number(budgets.size());
        budgets.forEach(
                budget -> hash.text(budget.rule()).text(amount(budget.bytes())).text(amount(budget.rate())));
        hash.number(budgeted.size());
        for (Budgeted each : budgeted) {
            hash.number(each.budgets().size());
            each.budgets().forEach(hash::number);
            add(each.egress(), hash);
            addNames(each.names(), hash);
            // What is not looked at keeps the hash that it had before there was this.
            if (each.tlsNames() != null || each.httpNames() != null || each.httpsNames() != null) {
                addNames(CompiledBudgets.orEmpty(each.tlsNames()), hash.text("looked at"));
                addHttpNames(CompiledBudgets.orEmpty(each.httpNames()), hash);
                addHttpNames(CompiledBudgets.orEmpty(each.httpsNames()), hash);
            }
        }
    }

    private static boolean isUdpOpen(@Nullable Collection<AllowedName> names) {
        return names != null && names.stream().anyMatch(name -> name.protocol() == Protocol.UDP);
    }

    private static String amount(@Nullable Long bytes) {
        return bytes == null ? "" : Long.toString(bytes);
    }

    private static void addNames(Collection<AllowedName> names, CanonicalHash hash) {
        hash.number(names.size());
        names.forEach(name -> hash.text(name.domain())
                .text(name.protocol().name())
                .number(name.port())
                .number(name.endPort()));
    }

    private static void addHttpNames(Collection<AllowedHttp> names, CanonicalHash hash) {
        hash.number(names.size());
        for (AllowedHttp name : names) {
            hash.text(name.domain())
                    .number(name.port())
                    .number(name.endPort())
                    .texts(name.methods())
                    .texts(name.paths())
                    .texts(name.hosts() == null ? List.of() : name.hosts());
            // No domain; and names without keep the hash that they had before there was this.
            if (Boolean.TRUE.equals(name.webSocket())) {
                hash.text("webSocket");
            }
        }
    }

    private static void add(Collection<Allow> boxes, CanonicalHash hash) {
        hash.number(boxes.size());
        boxes.forEach(box -> hash.text(box.cidr())
                .text(box.protocol().name())
                .number(box.port())
                .number(box.endPort()));
    }
}
