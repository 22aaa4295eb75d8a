package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class NodePolicyPartsTest {
    @Test
    void thePolicyIsTheUnionAndItsRevisionTheSum() {
        PolicySnapshot snapshot = parts(part("node", 3, 7, 1, "a"), part("node-1", 2, 8, 2, "b", "c"))
                .snapshot();

        assertThat(snapshot.revision()).isEqualTo(5);
        assertThat(snapshot.policy().epoch()).isEqualTo(8);
        assertThat(hashes(snapshot)).containsExactly("a of node", "b of node-1", "c of node-1");
    }

    @Test
    void whereAGroupStandsInTwoTheOneWrittenLaterCounts() {
        AgentNodePolicy first = part("node", 1, 1, 5, "a");
        AgentNodePolicy second = part("node-1", 1, 1, 6, "a");

        assertThat(hashes(parts(first, second).snapshot())).containsExactly("a of node-1");
        assertThat(hashes(parts(part("node", 2, 1, 7, "a"), second).snapshot())).containsExactly("a of node");
    }

    @Test
    void aPartThatIsGoneStaysInForce() {
        NodePolicyParts before = parts(part("node", 1, 1, 1, "a"), part("node-1", 1, 1, 2, "b"));

        NodePolicyParts after = NodePolicyParts.of(List.of(part("node", 2, 1, 3, "a", "c")), Optional.of(before));

        assertThat(hashes(after.snapshot())).containsExactly("a of node", "b of node-1", "c of node");
        assertThat(NodePolicyParts.of(List.of(), Optional.of(after))).isEqualTo(after);
    }

    @Test
    void otherObjectsAreNoParts() {
        assertThat(parts(part("somebody-elses", 1, 1, 1, "a")).isEmpty()).isTrue();
    }

    @Test
    void aNewStatusIsNoNewsAndANewGenerationIs() {
        NodePolicyParts before = parts(part("node", 1, 1, 1, "a"));

        assertThat(parts(part("node", 1, 1, 1, "a"))).isEqualTo(before).hasSameHashCodeAs(before);
        assertThat(parts(part("node", 2, 1, 1, "a"))).isNotEqualTo(before);
    }

    private static NodePolicyParts parts(AgentNodePolicy... policies) {
        return NodePolicyParts.of(List.of(policies), Optional.empty());
    }

    private static List<String> hashes(PolicySnapshot snapshot) {
        return snapshot.policy().groups().stream().map(Group::hash).toList();
    }

    private static AgentNodePolicy part(String name, long generation, long epoch, long sequence, String... groups) {
        AgentNodePolicy policy = new AgentNodePolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withUid("uid-" + name)
                .withGeneration(generation)
                .build());
        policy.setSpec(new AgentNodePolicySpec(
                epoch,
                Stream.of(groups)
                        .map(group -> new Group(group, group + " of " + name, List.of(), List.of()))
                        .toList(),
                sequence));
        return policy;
    }
}
