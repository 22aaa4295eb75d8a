package dev.agentcontainers.cli.record;

import java.util.ArrayList;
import java.util.List;

/**
 * How much was read, and what was not.
 *
 * @param events that were taken
 * @param older than was asked for
 * @param others of other kinds, or of other programs
 * @param ofOtherAgents that concern no agent that was asked for
 * @param unnamed of agents whose name the node did not know
 * @param unreadable lines that are no events
 * @param torn last lines that were half written
 * @param missing what the record itself says is not in it; packets, records
 * @param missingUncounted how often it says so without saying how many
 */
public record Reading(
        long events,
        long older,
        long others,
        long ofOtherAgents,
        long unnamed,
        long unreadable,
        long torn,
        long missing,
        long missingUncounted) {
    /** What has to be known of it to trust the answer; empty where nothing was left out. */
    public List<String> gaps() {
        List<String> gaps = new ArrayList<>();
        add(gaps, unreadable, "lines that can't be read and are not judged: %d");
        add(gaps, torn, "half-written last lines: %d");
        add(gaps, unnamed, "events of agents whose name the node did not know: %d");
        add(gaps, missing, "packets and events that were too many for the record and are not in it: %d");
        add(
                gaps,
                missingUncounted,
                "places where something is missing in the record, and it is not known how much: %d");
        return List.copyOf(gaps);
    }

    private static void add(List<String> gaps, long count, String text) {
        if (count > 0) {
            gaps.add(text.formatted(count));
        }
    }
}
