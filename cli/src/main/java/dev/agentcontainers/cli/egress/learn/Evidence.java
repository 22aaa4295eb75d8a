package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.cli.record.RecordedFlow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What an agent was seen to need, and what of it no EgressPolicy can or should give. Used by one thread. */
final class Evidence {
    private static final int MOST_NAMED = 10;

    private final Map<Target, SortedMap<UsedPort, Use>> uses = new LinkedHashMap<>();
    private final Set<RecordedFlow> taken = new HashSet<>();
    private final Map<String, List<String>> leftOut = new LinkedHashMap<>();
    private final Map<String, Integer> leftOutCounts = new LinkedHashMap<>();

    void add(Target target, UsedPort port, Use use) {
        uses.computeIfAbsent(target, _ -> new TreeMap<>()).merge(port, use, Use::and);
    }

    /** The flow is among what is needed. */
    void take(RecordedFlow flow) {
        taken.add(flow);
    }

    boolean isTaken(RecordedFlow flow) {
        return taken.contains(flow);
    }

    /** What is needed, each destination with the ports at which it is. */
    Map<Target, SortedMap<UsedPort, Use>> uses() {
        return Collections.unmodifiableMap(uses);
    }

    boolean knows(Target target) {
        return uses.containsKey(target);
    }

    /** @param why the same text for all with that reason */
    void leaveOut(String why, String what) {
        leftOutCounts.merge(why, 1, Integer::sum);
        List<String> named = leftOut.computeIfAbsent(why, _ -> new ArrayList<>());
        if (named.size() < MOST_NAMED) {
            named.add(what);
        }
    }

    /** A line for each reason. */
    List<String> leftOut() {
        List<String> lines = new ArrayList<>();
        leftOut.forEach((why, named) -> {
            int more = leftOutCounts.getOrDefault(why, 0) - named.size();
            lines.add(why + ": " + String.join(", ", named) + (more > 0 ? " and %d more".formatted(more) : ""));
        });
        return lines;
    }
}
