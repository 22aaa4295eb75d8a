package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.cli.egress.Judgement;
import dev.agentcontainers.cli.record.Tally;

/**
 * Something recorded of which policies would say otherwise.
 *
 * @param kind "flow" or "name"
 * @param what who, and where to
 * @param before what is said of it now: "allowed", "allowed only as TLS for …" or "denied"
 * @param beforeWhy the rule that decides now
 * @param recorded how often it occurred
 * @param last when it occurred last, by ISO 8601
 */
record ChangedRecord(
        String kind,
        String what,
        String before,
        String beforeWhy,
        String after,
        String afterWhy,
        long recorded,
        String last) {
    static final String FLOW = "flow";
    static final String NAME = "name";

    static ChangedRecord of(String kind, String what, Judgement before, Judgement after, Tally tally) {
        return new ChangedRecord(
                kind,
                what,
                before.effect(),
                before.why(),
                after.effect(),
                after.why(),
                tally.decided(),
                tally.last().toString());
    }
}
