package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.policy.RulesetHash;
import java.util.ArrayList;
import java.util.List;

/** Rulesets that the tests apply. */
final class Groups {
    /** One protocol, one port, one range. */
    static final GroupRuleset NARROW = group("narrow", allow("10.20.0.0/24", Protocol.TCP, 8080, 8080));

    /** As much as a policy can allow. */
    static final GroupRuleset WIDE = group(
            "wide",
            allow("0.0.0.0/0", Protocol.TCP, 1, 65535),
            allow("0.0.0.0/0", Protocol.UDP, 1, 65535),
            allow("0.0.0.0/0", Protocol.SCTP, 1, 65535));

    static final GroupRuleset EMPTY = group("empty");

    private Groups() {}

    static GroupRuleset group(String name, Allow... egress) {
        return new GroupRuleset(name, RulesetHash.of(List.of(egress)), List.of(egress));
    }

    static GroupRuleset group(String name, List<Allow> egress, List<Allow> ingress, List<AllowedName> names) {
        return new GroupRuleset(name, RulesetHash.of(egress, ingress, names), egress, ingress, names);
    }

    static GroupRuleset named(String name, AllowedName... names) {
        return group(name, List.of(), List.of(), List.of(names));
    }

    /** With names for which only TLS passes. */
    static GroupRuleset named(String name, List<AllowedName> names, List<AllowedName> tlsNames) {
        return new GroupRuleset(
                name, RulesetHash.of(List.of(), List.of(), names, tlsNames), List.of(), List.of(), names, tlsNames);
    }

    /** With names to which only some requests of HTTP pass. */
    static GroupRuleset requests(
            String name, List<AllowedName> names, List<AllowedName> tlsNames, List<AllowedHttp> httpNames) {
        return requests(name, names, tlsNames, httpNames, List.of());
    }

    /** And with names to which only some requests of HTTP inside TLS pass. */
    static GroupRuleset requests(
            String name,
            List<AllowedName> names,
            List<AllowedName> tlsNames,
            List<AllowedHttp> httpNames,
            List<AllowedHttp> httpsNames) {
        return new GroupRuleset(
                name,
                RulesetHash.of(List.of(), List.of(), names, tlsNames, httpNames, httpsNames),
                List.of(),
                List.of(),
                names,
                tlsNames,
                httpNames,
                httpsNames,
                List.of());
    }

    /** With what rules with budgets allow beside it. */
    static GroupRuleset budgeted(GroupRuleset plain, List<Budget> budgets, Budgeted... budgeted) {
        return new GroupRuleset(
                plain.name(),
                RulesetHash.of(
                        plain.egress(),
                        plain.ingress(),
                        plain.names(),
                        plain.tlsNames(),
                        plain.httpNames(),
                        plain.httpsNames(),
                        budgets,
                        List.of(budgeted)),
                plain.egress(),
                plain.ingress(),
                plain.names(),
                plain.tlsNames(),
                plain.httpNames(),
                plain.httpsNames(),
                List.of(),
                budgets,
                List.of(budgeted));
    }

    /** One rule with so many bytes for these destinations. */
    static GroupRuleset budgeted(GroupRuleset plain, long bytes, List<Allow> egress) {
        return budgeted(plain, List.of(budget("a", bytes)), new Budgeted(List.of(0), egress, List.of()));
    }

    static Budget budget(String rule, long bytes) {
        return new Budget("EgressPolicy/sites spec.egress[" + rule + "]", bytes, null);
    }

    static AllowedHttp http(String domain, int port, List<String> methods, List<String> paths) {
        return new AllowedHttp(domain, port, port, methods, paths, null);
    }

    /** GETs, which may go on as WebSockets. */
    static AllowedHttp webSockets(String domain, int port, List<String> paths) {
        return new AllowedHttp(domain, port, port, List.of("GET"), paths, null, true);
    }

    static AllowedName name(String domain, Protocol protocol, int port) {
        return new AllowedName(domain, protocol, port, port);
    }

    /** TCP and UDP at one port of one address. */
    static List<Allow> at(String address, int port) {
        return List.of(
                allow(address + "/32", Protocol.TCP, port, port), allow(address + "/32", Protocol.UDP, port, port));
    }

    static Allow allow(String cidr, Protocol protocol, int port, int endPort) {
        return new Allow(cidr, protocol, port, endPort);
    }

    /** The narrow group with further boxes beside, which are different for each {@code variant}. */
    static GroupRuleset narrowWithNoise(int variant) {
        List<Allow> egress = new ArrayList<>(NARROW.egress());
        for (int i = 0; i < 200; i++) {
            egress.add(allow("10.30." + i + "." + variant + "/32", Protocol.UDP, 1000 + variant, 2000 + variant));
        }
        return group("narrow", egress.toArray(Allow[]::new));
    }
}
