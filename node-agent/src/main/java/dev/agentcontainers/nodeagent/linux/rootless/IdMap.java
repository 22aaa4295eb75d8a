package dev.agentcontainers.nodeagent.linux.rootless;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import java.util.ArrayList;
import java.util.List;

/**
 * Which ids of the machine stand for those of a user namespace: the user's own for root, subordinate ones for the others, from the
 * first on.
 */
record IdMap(long own, SubordinateIds given, List<IdRange> others) {
    IdMap {
        others = List.copyOf(others);
    }

    /** How many subordinate ids that takes. */
    static long needed(List<IdRange> others) {
        return others.stream().mapToLong(IdRange::size).sum();
    }

    /** Triples, as newuidmap(1) and newgidmap(1) take them. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>(List.of("0", Long.toString(own), "1"));
        long next = given.first();
        for (IdRange range : others) {
            arguments.addAll(List.of(Long.toString(range.first()), Long.toString(next), Long.toString(range.size())));
            next += range.size();
        }
        return arguments;
    }
}
