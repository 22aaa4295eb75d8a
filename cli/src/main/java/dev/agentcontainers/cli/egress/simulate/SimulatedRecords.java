package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.egress.Judgement;
import dev.agentcontainers.cli.egress.RecordedFlows;
import dev.agentcontainers.cli.egress.RecordedFlows.Reading;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.cli.record.RecordedFlow;
import dev.agentcontainers.cli.record.RecordedQuestion;
import dev.agentcontainers.cli.record.Tally;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Judges what was recorded before and after a change. Used by one thread, once. */
final class SimulatedRecords {
    private final Situation before;
    private final Situation after;
    private final Map<Subject, Judged> judged = new LinkedHashMap<>();
    private final Map<String, Long> notJudged = new LinkedHashMap<>();

    /** A flow is the same whichever node has recorded it, and whatever its agents were called in it. */
    private record Subject(String kind, String what, Protocol protocol, int port) {
        @Override
        public String toString() {
            return kind.equals(ChangedRecord.FLOW) ? "%s port %d/%s".formatted(what, port, protocol) : what;
        }
    }

    private record Judged(Judgement before, Judgement after, Tally tally) {
        Judged and(Judged other) {
            return new Judged(before, after, tally.and(other.tally));
        }
    }

    SimulatedRecords(Situation before, Situation after) {
        this.before = before;
        this.after = after;
    }

    SimulatedRecords judge(Recorded recorded) {
        recorded.flows().forEach(this::judge);
        recorded.questions().forEach(this::judge);
        return this;
    }

    private void judge(RecordedFlow flow, Tally tally) {
        if (tally.decided() == 0) {
            count(
                    "flows that were stopped by what no policy decides (node addresses, metadata services, broken packets)");
            return;
        }
        Reading now = RecordedFlows.in(before, flow);
        Reading then = RecordedFlows.in(after, flow);
        if (now instanceof Reading.NotJudgeable(String why)) {
            count("flows that " + why);
        } else if (then instanceof Reading.NotJudgeable(String why)) {
            count("flows that would then " + why);
        } else if (now instanceof Reading.Judgeable(Flow earlier) && then instanceof Reading.Judgeable(Flow later)) {
            String source = flow.source().map(Object::toString).orElseGet(() -> named(before, earlier));
            add(
                    new Subject(
                            ChangedRecord.FLOW,
                            source + " → " + before.endpoints().identified(earlier.destination()),
                            earlier.protocol(),
                            earlier.port()),
                    new Judged(before.judge(earlier), after.judge(later), tally));
        }
    }

    /** As the same flow is called in the record of the source's own node. */
    private static String named(Situation situation, Flow flow) {
        return situation.endpoints().identified(flow.source()).endpoint() instanceof Endpoint.Agent agent
                ? agent.namespace() + "/" + agent.name()
                : flow.source().host();
    }

    private void judge(RecordedQuestion question, Tally tally) {
        if (!question.isByPolicy()) {
            count("questions for names that were answered without asking the policies");
            return;
        }
        Optional<String> name = DomainName.asked(question.name());
        if (name.isEmpty()) {
            count("questions for names that no rule can mean");
            return;
        }
        Optional<Endpoint.Agent> now = before.agent(question.agent());
        Optional<Endpoint.Agent> then = after.agent(question.agent());
        if (now.isEmpty() || then.isEmpty()) {
            count("questions for names of an agent that is not there");
            return;
        }
        add(
                new Subject(ChangedRecord.NAME, question.agent() + " asks for " + name.get(), Protocol.UDP, 0),
                new Judged(before.judge(now.get(), name.get()), after.judge(then.get(), name.get()), tally));
    }

    private void add(Subject subject, Judged its) {
        judged.merge(subject, its, Judged::and);
    }

    private void count(String why) {
        notJudged.merge(why, 1L, Long::sum);
    }

    /** What would be otherwise: first what would be denied. */
    List<ChangedRecord> changes() {
        List<ChangedRecord> denied = new ArrayList<>();
        List<ChangedRecord> others = new ArrayList<>();
        judged.forEach((subject, its) -> {
            if (!its.before().effect().equals(its.after().effect())) {
                (its.after().allowed() ? others : denied)
                        .add(ChangedRecord.of(
                                subject.kind(), subject.toString(), its.before(), its.after(), its.tally()));
            }
        });
        denied.addAll(others);
        return denied;
    }

    int judged() {
        return judged.size();
    }

    /** What of the record could not be judged, and what of it the present policies say otherwise of. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        notJudged.forEach((why, count) -> notes.add("not judged: %s: %d".formatted(why, count)));
        long otherwise = judged.values().stream()
                .filter(its -> its.before().allowed()
                        ? its.tally().allowed() == 0
                        : its.tally().denied() == 0)
                .count();
        if (otherwise > 0) {
            notes.add("recorded otherwise than the policies say now, which may have changed since: %d"
                    .formatted(otherwise));
        }
        return notes;
    }
}
