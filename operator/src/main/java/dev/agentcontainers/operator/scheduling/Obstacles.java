package dev.agentcontainers.operator.scheduling;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Why none of the nodes will do, by reason, for people: each reason with the first of its nodes and how many more there are. */
final class Obstacles {
    private static final int NODES_NAMED = 5;

    private final SortedMap<String, SortedMap<String, String>> detailsByReason = new TreeMap<>();

    void add(String nodeName, Obstacle obstacle) {
        detailsByReason
                .computeIfAbsent(obstacle.summary(), reason -> new TreeMap<>())
                .put(nodeName, obstacle.detail());
    }

    /** @param nodes how many there are */
    String message(int nodes) {
        if (nodes == 0) {
            return "0/0 nodes are available: no AgentNode has joined yet";
        }
        return detailsByReason.entrySet().stream()
                .map(reason -> "%d node(s) %s (%s)"
                        .formatted(reason.getValue().size(), reason.getKey(), named(reason.getValue())))
                .collect(Collectors.joining(", ", "0/%d nodes are available: ".formatted(nodes), ""));
    }

    private static String named(SortedMap<String, String> details) {
        boolean plain = details.values().stream().allMatch(String::isEmpty);
        String shown = details.entrySet().stream()
                .limit(NODES_NAMED)
                .map(Obstacles::text)
                .collect(Collectors.joining(plain ? ", " : "; "));
        int more = details.size() - NODES_NAMED;
        return more > 0 ? "%s and %d more".formatted(shown, more) : shown;
    }

    private static String text(Map.Entry<String, String> node) {
        return node.getValue().isEmpty() ? node.getKey() : node.getKey() + ": " + node.getValue();
    }
}
