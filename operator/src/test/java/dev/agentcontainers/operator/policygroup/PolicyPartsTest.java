package dev.agentcontainers.operator.policygroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.operator.fleet.NodePolicy;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class PolicyPartsTest {
    private static final int LARGE = 2048;

    private long sequence;
    private final Map<Integer, AgentNodePolicy> stored = new TreeMap<>();

    @Test
    void fewGroupsStandInOnePart() {
        assertThat(publish(groups(50, 3))).isEqualTo(1);
        assertThat(stored.keySet()).containsExactly(0);
    }

    @Test
    void manyGroupsSpreadOverPartsOfASizeThatIsStored() {
        Map<String, Group> wanted = groups(40, LARGE);

        publish(wanted);

        assertThat(stored.size()).isGreaterThan(5);
        assertThat(stored.values())
                .allSatisfy(
                        part -> assertThat(Serialization.asJson(part).length()).isLessThan((int) PolicyParts.FULL));
        assertUnion(wanted);
    }

    @Test
    void aGroupThatChangesCostsOneWrite() {
        Map<String, Group> wanted = groups(40, LARGE);
        publish(wanted);

        wanted.put("g07", group("g07", LARGE, "other"));

        assertThat(publish(wanted)).isEqualTo(1);
        assertUnion(wanted);
        assertThat(publish(wanted)).isZero();
    }

    @Test
    void aGroupThatIsAddedCostsOneWriteAndMovesNone() {
        Map<String, Group> wanted = groups(40, LARGE);
        publish(wanted);
        Map<String, Integer> homes = homes(wanted);

        wanted.put("a", group("a", 10, "h"));

        assertThat(publish(wanted)).isEqualTo(1);
        assertThat(homes(wanted)).containsAllEntriesOf(homes);
        assertUnion(wanted);
    }

    @Test
    void aGroupThatNobodyNeedsStaysUntilItsPartIsWritten() {
        Map<String, Group> wanted = groups(5, 3);
        publish(wanted);
        wanted.remove("g00");
        assertThat(publish(wanted)).isZero();

        wanted.put("new", group("new", 3, "h"));
        publish(wanted);

        assertThat(NodePolicy.of(stored.values()).group("g00")).isEmpty();
    }

    @Test
    void groupsThatGrowBeyondTheirPartMoveAndAreMissedAtNoTime() {
        Map<String, Group> wanted = groups(400, 3);
        publish(wanted);
        assertThat(stored.keySet()).containsExactly(0);
        Map<String, Group> grown = groups(400, LARGE / 4);

        NodePolicy before = NodePolicy.of(stored.values());
        for (PolicyParts.Change change : PolicyParts.changes(before, grown)) {
            store(change);
            NodePolicy now = NodePolicy.of(stored.values());
            grown.keySet().forEach(name -> assertThat(now.group(name)).isPresent());
        }

        assertUnion(grown);
        assertThat(stored.values())
                .allSatisfy(
                        part -> assertThat(Serialization.asJson(part).length()).isLessThan((int) PolicyParts.TOO_FULL));
    }

    @Test
    void theLaterOfTwoEntriesCountsAndTheOtherGoes() {
        store(new PolicyParts.Change(0, List.of(group("g", 1, "old")), false));
        store(new PolicyParts.Change(1, List.of(group("g", 1, "new")), true));
        Map<String, Group> wanted = Map.of("g", group("g", 1, "new"));
        assertThat(NodePolicy.of(stored.values()).group("g")).hasValue(wanted.get("g"));

        assertThat(PolicyParts.changes(NodePolicy.of(stored.values()), wanted))
                .containsExactly(new PolicyParts.Change(0, List.of(), false));
    }

    private int publish(Map<String, Group> wanted) {
        List<PolicyParts.Change> changes = PolicyParts.changes(NodePolicy.of(stored.values()), wanted);
        changes.forEach(this::store);
        return changes.size();
    }

    private void store(PolicyParts.Change change) {
        AgentNodePolicy policy = new AgentNodePolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(NodePolicy.nameOf(change.number()))
                .build());
        sequence++;
        policy.setSpec(new AgentNodePolicySpec(1L, change.groups(), sequence));
        stored.put(change.number(), policy);
    }

    private void assertUnion(Map<String, Group> wanted) {
        Map<String, Group> union = new HashMap<>();
        stored.values()
                .forEach(part -> part.getSpec()
                        .groups()
                        .forEach(group -> assertThat(union.put(group.name(), group))
                                .as("%s stands in two parts", group.name())
                                .isNull()));
        assertThat(union).isEqualTo(wanted);
    }

    private Map<String, Integer> homes(Map<String, Group> wanted) {
        Map<String, Integer> homes = new HashMap<>();
        NodePolicy policy = NodePolicy.of(stored.values());
        wanted.keySet().forEach(name -> policy.numberOf(name).ifPresent(number -> homes.put(name, number)));
        return homes;
    }

    private static Map<String, Group> groups(int count, int boxes) {
        Map<String, Group> groups = new TreeMap<>();
        IntStream.range(0, count)
                .mapToObj("g%02d"::formatted)
                .forEach(name -> groups.put(name, group(name, boxes, "h")));
        return groups;
    }

    private static Group group(String name, int boxes, String hash) {
        return new Group(
                name,
                hash,
                List.of("NetworkPolicy/web"),
                IntStream.range(0, boxes)
                        .mapToObj(index ->
                                new Allow("10.%d.%d.0/24".formatted(index / 256, index % 256), Protocol.TCP, 1, 65535))
                        .toList());
    }
}
