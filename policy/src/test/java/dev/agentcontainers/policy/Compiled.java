package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.List;

/** What a node's kernel makes of rulesets. */
final class Compiled {
    private Compiled() {}

    static PolicySubject subject(Endpoint.Agent agent) {
        return new PolicySubject(agent.namespace(), agent.labels(), agent.inlineRules(), agent.ports());
    }

    /** Whether the ruleset of one end lets the flow pass there. */
    static boolean lets(CompiledPolicy compiled, Direction direction, Flow flow) {
        return switch (direction) {
            case EGRESS -> anyHolds(compiled.allEgress(), flow.destination(), flow);
            case INGRESS -> anyHolds(compiled.ingress(), flow.source(), flow);
        };
    }

    /** Whether a node opens what the name resolves to, if it is public. */
    static boolean resolves(CompiledPolicy compiled, String name, Flow flow) {
        return compiled.allNames().stream()
                .anyMatch(allowed -> allowed.protocol() == flow.protocol()
                        && allowed.port() <= flow.port()
                        && flow.port() <= allowed.endPort()
                        && DomainName.parse(allowed.domain()).matches(name));
    }

    /** The rules whose budgets the flow is charged to, by its address; none where it isn't counted, or isn't let pass. */
    static List<String> charged(CompiledPolicy compiled, Flow flow) {
        List<List<Integer>> budgets = compiled.budgeted().stream()
                .filter(each -> anyHolds(each.egress(), flow.destination(), flow))
                .map(Budgeted::budgets)
                .toList();
        assertThat(budgets).as("disjoint: %s", flow).hasSizeLessThan(2);
        assertThat(!budgets.isEmpty() && anyHolds(compiled.egress(), flow.destination(), flow))
                .as("beside those without budgets: %s", flow)
                .isFalse();
        return budgets.stream()
                .flatMap(List::stream)
                .map(place -> compiled.budgets().get(place).rule())
                .toList();
    }

    private static boolean anyHolds(List<Allow> boxes, Party peer, Flow flow) {
        Cidr address = peer.address();
        return boxes.stream()
                .anyMatch(box -> box.protocol() == flow.protocol()
                        && box.port() <= flow.port()
                        && flow.port() <= box.endPort()
                        && address != null
                        && Cidr.parse(box.cidr()).contains(address));
    }
}
