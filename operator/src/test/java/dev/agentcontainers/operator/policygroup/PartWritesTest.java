package dev.agentcontainers.operator.policygroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.operator.fleet.NodePolicy;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Groups that the API server will not take, among others. */
class PartWritesTest {
    private final Map<Integer, List<Group>> stored = new HashMap<>();
    private final Set<String> refusedHashes = new HashSet<>();
    private int attempts;

    @Test
    void oneThatIsRefusedStaysAsItWasAndKeepsNoOtherBack() {
        store(0, groups("old"));
        refusedHashes.add("bad");
        List<Group> wanted = new ArrayList<>(groups("new"));
        wanted.set(37, group("g37", "bad"));

        PartWrites writes = write(new PolicyParts.Change(0, wanted, false));

        assertThat(writes.refused()).isEqualTo(Map.of("g37", "refused: g37"));
        assertThat(writes.allTaken()).isFalse();
        assertThat(writes.written()).isTrue();
        assertThat(hashes(0))
                .hasSize(64)
                .containsEntry("g37", "old")
                .allSatisfy((name, hash) -> assertThat(hash).isEqualTo(name.equals("g37") ? "old" : "new"));
        assertThat(attempts).as("by halves").isLessThan(20);
    }

    @Test
    void severalThatAreRefusedKeepNoOtherBack() {
        refusedHashes.add("bad");
        List<Group> wanted = new ArrayList<>(groups("new"));
        for (int bad : List.of(0, 1, 63)) {
            wanted.set(bad, group("g%02d".formatted(bad), "bad"));
        }

        assertThat(write(new PolicyParts.Change(0, wanted, false)).refused())
                .isEqualTo(Map.of("g00", "refused: g00", "g01", "refused: g01", "g63", "refused: g63"));

        assertThat(hashes(0)).hasSize(61).doesNotContainKeys("g00", "g01", "g63");
    }

    @Test
    void oneThatIsRefusedWhereItWasToMoveStaysWhereItIs() {
        store(0, List.of(group("large", "old"), group("small", "old")));
        refusedHashes.add("bad");

        PartWrites writes = write(
                new PolicyParts.Change(1, List.of(group("large", "bad")), true),
                new PolicyParts.Change(0, List.of(group("small", "new")), false));

        assertThat(writes.refused()).isEqualTo(Map.of("large", "refused: large"));
        assertThat(stored).containsOnlyKeys(0);
        assertThat(hashes(0)).isEqualTo(Map.of("large", "old", "small", "new"));
    }

    @Test
    void whereNothingIsRefusedEachPartIsWrittenOnce() {
        PartWrites writes =
                write(new PolicyParts.Change(1, groups("a"), true), new PolicyParts.Change(0, groups("b"), false));

        assertThat(writes.refused()).isEmpty();
        assertThat(writes.allTaken()).isTrue();
        assertThat(attempts).isEqualTo(2);
        assertThat(stored).isEqualTo(Map.of(1, groups("a"), 0, groups("b")));
    }

    @Test
    void oneAloneIsTriedOnce() {
        refusedHashes.add("bad");

        PartWrites writes = write(new PolicyParts.Change(0, List.of(group("a", "bad")), true));

        assertThat(writes.refused()).isEqualTo(Map.of("a", "refused: a"));
        assertThat(writes.written()).isFalse();
        assertThat(attempts).isEqualTo(1);
    }

    /** Its agents must not be told of another's. */
    @Test
    void oneThatComesWhileAnotherStandsRefusedIsNotRefused() {
        store(0, List.of(group("a", "old")));
        refusedHashes.add("bad");
        write(new PolicyParts.Change(0, List.of(group("a", "bad")), false));

        PartWrites writes = write(new PolicyParts.Change(0, List.of(group("a", "bad"), group("c", "new")), true));

        assertThat(writes.refused()).isEqualTo(Map.of("a", "refused: a"));
        assertThat(hashes(0)).isEqualTo(Map.of("a", "old", "c", "new"));
    }

    /** Its older rules there would count again with the part's next write. */
    @Test
    void whatHasMovedLeavesItsPartThoughAllElseIsRefusedThere() {
        store(0, List.of(group("a", "old"), group("b", "old")));
        refusedHashes.add("bad");

        PartWrites writes = write(
                new PolicyParts.Change(1, List.of(group("b", "new")), true),
                new PolicyParts.Change(0, List.of(group("a", "bad")), false));

        assertThat(writes.refused()).isEqualTo(Map.of("a", "refused: a"));
        assertThat(hashes(0)).isEqualTo(Map.of("a", "old"));
        assertThat(hashes(1)).isEqualTo(Map.of("b", "new"));
    }

    @Test
    void whatHasMovedAndIsRefusedWhereItIsDoesNotCountAgainWhereItWas() {
        store(0, List.of(group("a", "old"), group("b", "loose")));
        store(1, List.of(group("b", "strict")));
        refusedHashes.add("bad");

        write(
                new PolicyParts.Change(1, List.of(group("b", "bad"), group("c", "new")), true),
                new PolicyParts.Change(0, List.of(group("a", "new")), false));

        assertThat(hashes(0)).isEqualTo(Map.of("a", "new"));
        assertThat(hashes(1)).isEqualTo(Map.of("b", "strict", "c", "new"));
    }

    @Test
    void whatHasMovedAndIsRefusedWhereItWasDoesNotCountAgainThere() {
        store(0, List.of(group("a", "old"), group("b", "loose")));
        store(1, List.of(group("b", "strict"), group("c", "old")));
        refusedHashes.add("bad");

        write(
                new PolicyParts.Change(0, List.of(group("a", "new"), group("b", "bad")), true),
                new PolicyParts.Change(1, List.of(group("c", "new")), false));

        assertThat(hashes(0)).isEqualTo(Map.of("a", "new"));
        assertThat(hashes(1)).isEqualTo(Map.of("b", "strict", "c", "new"));
    }

    @Test
    void whatHasMovedIsNoneOfThePartsGroupsThatCount() {
        store(0, List.of(group("a", "old"), group("b", "loose")));
        store(1, List.of(group("b", "strict")));

        assertThat(present().counting(0)).containsExactly(group("a", "old"));
        assertThat(present().counting(1)).containsExactly(group("b", "strict"));
        assertThat(present().counting(2)).isEmpty();
    }

    private PartWrites write(PolicyParts.Change... changes) {
        PartWrites writes = new PartWrites(present(), this::store);
        writes.write(List.of(changes));
        return writes;
    }

    private NodePolicy present() {
        TreeMap<Integer, AgentNodePolicy> parts = new TreeMap<>();
        stored.forEach((number, groups) -> parts.put(number, part(number, groups)));
        return new NodePolicy(parts);
    }

    private Optional<String> store(int number, List<Group> groups) {
        attempts++;
        Optional<String> bad = groups.stream()
                .filter(group -> refusedHashes.contains(group.hash()))
                .map(group -> "refused: " + group.name())
                .findFirst();
        if (bad.isEmpty()) {
            stored.put(number, List.copyOf(groups));
        }
        return bad;
    }

    private Map<String, String> hashes(int number) {
        return stored.getOrDefault(number, List.of()).stream().collect(Collectors.toMap(Group::name, Group::hash));
    }

    private static AgentNodePolicy part(int number, List<Group> groups) {
        AgentNodePolicy part = new AgentNodePolicy();
        part.setMetadata(
                new ObjectMetaBuilder().withName(NodePolicy.nameOf(number)).build());
        part.setSpec(new AgentNodePolicySpec(1L, groups, 1L + number));
        return part;
    }

    private static List<Group> groups(String hash) {
        return IntStream.range(0, 64)
                .mapToObj(index -> group("g%02d".formatted(index), hash))
                .toList();
    }

    private static Group group(String name, String hash) {
        return new Group(name, hash, List.of(), List.of());
    }
}
