package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.policy.RulesetHash;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a set of names stands for, of which the kernel holds but the ports and, in the name of the set, a digest.
 *
 * @param all the names with their ports
 * @param named those of them that are not about requests
 * @param http those that are about requests without TLS
 * @param https those that are about requests inside TLS
 * @param budgeted those of rules with budgets, which are not among the three
 */
record NamesOfSet(
        List<AllowedName> all,
        List<AllowedName> named,
        List<AllowedHttp> http,
        List<AllowedHttp> https,
        List<Budgeted> budgeted) {
    static final NamesOfSet NONE = new NamesOfSet(List.of(), List.of(), List.of(), List.of(), List.of());

    private static final int DIGEST = 16;

    NamesOfSet {
        all = List.copyOf(all);
        named = List.copyOf(named);
        http = List.copyOf(http);
        https = List.copyOf(https);
        budgeted = List.copyOf(budgeted);
    }

    /** Of names whatever passes to them. */
    static NamesOfSet plain(GroupRuleset ruleset) {
        return new NamesOfSet(ruleset.names(), ruleset.names(), List.of(), List.of(), List.of());
    }

    /** Of names whose connections are intercepted. */
    static NamesOfSet intercepted(GroupRuleset ruleset) {
        return new NamesOfSet(
                ruleset.interceptedNames(),
                ruleset.tlsNames(),
                ruleset.httpNames(),
                ruleset.httpsNames(),
                ruleset.budgetedIntercepted());
    }

    /** Of names to which QUIC passes. */
    static NamesOfSet quic(GroupRuleset ruleset) {
        return new NamesOfSet(ruleset.quicNames(), ruleset.quicNames(), List.of(), List.of(), List.of());
    }

    /**
     * The ports of these among the ports of a group's names.
     *
     * @param marks of names without budgets
     */
    Set<MarkedPort> among(NameMarks marks, GroupBudgets budgets) {
        Set<NamedPort> ports = NamedPort.of(all);
        return Stream.concat(marks.ports().stream(), budgets.ports().stream())
                .filter(each -> ports.contains(each.port()))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Letters and digits. */
    String digest() {
        return RulesetHash.of(List.of(), List.of(), named, List.of(), http, https, List.of(), budgeted)
                .substring(0, DIGEST);
    }
}
