package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class NamesFenceTest {
    /** What is taken back with it, and what needs no budget, does not wait for that. */
    @Test
    void whereNothingCanBeChargedAGroupHasItsNamesWithoutBudgets() throws Exception {
        NamesFence fence = new NamesFence(new ForwardingFence(new RecordingFence()) {
            @Override
            public Map<String, String> apply(List<GroupRuleset> groups) {
                return groups.stream()
                        .collect(Collectors.toMap(
                                GroupRuleset::name,
                                each -> each.withoutBudgets().hash()));
            }
        });
        GroupRuleset ruleset = new GroupRuleset(
                "g",
                "all",
                List.of(),
                List.of(),
                List.of(name("free.example.org")),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(new Budget("EgressPolicy/sites spec.egress[a]", 1L, null)),
                List.of(new Budgeted(List.of(0), List.of(), List.of(name("paid.example.org")))));
        fence.apply(List.of(ruleset));
        assertThat(Objects.requireNonNull(fence.groups().get("g")).hash())
                .isEqualTo(ruleset.withoutBudgets().hash())
                .isNotEqualTo("all");
    }

    private static AllowedName name(String domain) {
        return new AllowedName(domain, Protocol.TCP, 443, 443);
    }
}
