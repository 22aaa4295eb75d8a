package dev.agentcontainers.cli.fleet;

import java.util.List;
import java.util.stream.IntStream;

/**
 * What a fleet has on its machine that no other fleet there may have: names, user ids and addresses.
 *
 * @param number 0 to {@value #COUNT} - 1
 */
record FleetPlace(int number) {
    /** As many fleets at a time as a machine has places for. */
    static final int COUNT = 3;

    static final int MOST_NODES = 16;

    /** How many ids a node has; each agent takes 65,536 of them. */
    static final long USER_IDS_PER_NODE = 65_536L * 400;

    /** Above those of a node agent outside a fleet, whose ids begin at 200,000,000 by default; all end below those of standalone runs. */
    private static final long FIRST_USER_ID = 860_000_000L;

    FleetPlace {
        if (number < 0 || number >= COUNT) {
            throw new IllegalArgumentException("place " + number + " must be 0 to " + (COUNT - 1));
        }
    }

    /** Names of the first nodes: local-1, local-2 … in the first place, local2-1 … in the second. */
    List<String> nodeNames(int count) {
        String prefix = number == 0 ? "local-" : "local" + (number + 1) + "-";
        return IntStream.rangeClosed(1, count).mapToObj(node -> prefix + node).toList();
    }

    long firstUserId(String nodeName) {
        int node = Integer.parseInt(nodeName.substring(nodeName.lastIndexOf('-') + 1));
        return FIRST_USER_ID + ((long) number * MOST_NODES + node - 1) * USER_IDS_PER_NODE;
    }

    /** Its part of the range of all agents' addresses; the last quarter of that is for standalone runs. */
    String addressPool() {
        return "100.%d.0.0/14".formatted(80 + 4 * number);
    }
}
