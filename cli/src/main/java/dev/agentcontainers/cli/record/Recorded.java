package dev.agentcontainers.cli.record;

import dev.agentcontainers.cli.record.RecordedEvent.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What is in records: each different thing once. Grows with what is different, not with the lines. Used by one thread. */
public final class Recorded {
    private static final String EGRESS = "egress";
    private static final String INGRESS = "ingress";

    private final Optional<AgentName> only;
    private final Instant since;
    private final Map<RecordedFlow, Tally> flows = new LinkedHashMap<>();
    private final Map<RecordedQuestion, Tally> questions = new LinkedHashMap<>();
    private final Map<RecordedQuestion, Set<String>> answers = new LinkedHashMap<>();
    private final Map<RecordedLook, Tally> looks = new LinkedHashMap<>();
    private final Set<String> requested = new HashSet<>();
    /** Flows that have begun and not ended, so that each is counted once. */
    private final Set<String> begun = new HashSet<>();

    private long events;
    private long older;
    private long others;
    private long ofOtherAgents;
    private long unnamed;
    private long unreadable;
    private long torn;
    private long missing;
    private long missingUncounted;

    /**
     * @param only the agent that is asked for; empty for all
     * @param since what is older is passed over
     */
    public Recorded(Optional<AgentName> only, Instant since) {
        this.only = only;
        this.since = since;
    }

    /** Takes all lines of a stream, which is not closed. */
    public Recorded read(InputStream input) throws IOException {
        RecordLines lines = new RecordLines(input);
        for (Optional<RecordLines.Line> line = lines.next(); line.isPresent(); line = lines.next()) {
            take(line.get());
        }
        return this;
    }

    private void take(RecordLines.Line line) {
        if (line.text().isBlank()) {
            return;
        }
        Optional<RecordedEvent> event = line.cut() ? Optional.empty() : EventReader.read(line.text());
        if (event.isPresent()) {
            take(event.get());
        } else if (line.ended()) {
            unreadable++;
        } else {
            torn++;
        }
    }

    private void take(RecordedEvent event) {
        if (event.at().isBefore(since)) {
            older++;
            return;
        }
        switch (event) {
            case Connection connection -> take(connection);
            case RecordedEvent.Question question -> take(question);
            case RecordedEvent.Look look -> take(look);
            case RecordedEvent.Request request -> take(request);
            case RecordedEvent.Missing lack -> take(lack);
            case RecordedEvent.Other _ -> others++;
        }
    }

    private void take(Connection connection) {
        RecordedFlow flow = connection.flow();
        if (flow.source().isEmpty() && flow.destination().isEmpty()) {
            unnamed++;
            return;
        }
        if (only.isPresent()
                && !flow.source().equals(only)
                && !flow.destination().equals(only)) {
            ofOtherAgents++;
            return;
        }
        events++;
        Tally tally = flows.computeIfAbsent(flow, _ -> new Tally());
        switch (connection.outcome()) {
            case BEGAN -> {
                begun.add(connection.id());
                tally.allowed(connection.at());
            }
            case ENDED -> {
                if (!begun.remove(connection.id())) {
                    tally.allowed(connection.at());
                }
                tally.traffic(connection.sent(), connection.received());
            }
            case DENIED -> {
                if (connection.barrier().equals(EGRESS) || connection.barrier().equals(INGRESS)) {
                    tally.denied(connection.at());
                } else {
                    tally.closed(connection.at());
                }
            }
        }
    }

    private void take(RecordedEvent.Question event) {
        if (isOfInterest(event.agent())) {
            RecordedQuestion question = event.question();
            Tally tally = questions.computeIfAbsent(question, _ -> new Tally());
            if (question.isDenied()) {
                tally.denied(event.at());
            } else if (question.isByPolicy()) {
                tally.allowed(event.at());
            } else {
                tally.closed(event.at());
            }
            if (question.isResolved()) {
                answers.computeIfAbsent(question, _ -> new TreeSet<>()).addAll(event.answers());
            }
        }
    }

    private void take(RecordedEvent.Request event) {
        if (isOfInterest(event.agent())) {
            requested.add(event.address() + ":" + event.port());
        }
    }

    /** Whether requests of HTTP were judged on the way to that port of the address, by rules that let only some pass. */
    public boolean isByRequests(String address, int port) {
        return requested.contains(address + ":" + port);
    }

    private void take(RecordedEvent.Look event) {
        if (isOfInterest(event.agent())) {
            Tally tally = looks.computeIfAbsent(event.look(), _ -> new Tally());
            if (event.look().hasPassed()) {
                tally.allowed(event.at());
            } else {
                tally.denied(event.at());
            }
        }
    }

    private boolean isOfInterest(Optional<AgentName> agent) {
        if (agent.isEmpty()) {
            unnamed++;
            return false;
        }
        if (only.isPresent() && !agent.equals(only)) {
            ofOtherAgents++;
            return false;
        }
        events++;
        return true;
    }

    /** What is missing of nobody in particular may have been of anybody. */
    private void take(RecordedEvent.Missing lack) {
        if (only.isPresent() && lack.agent().isPresent() && !lack.agent().equals(only)) {
            ofOtherAgents++;
        } else if (lack.count() > 0) {
            missing += lack.count();
        } else {
            missingUncounted++;
        }
    }

    /** In the order in which they came first. */
    public Map<RecordedFlow, Tally> flows() {
        return Collections.unmodifiableMap(flows);
    }

    public Map<RecordedQuestion, Tally> questions() {
        return Collections.unmodifiableMap(questions);
    }

    /** The addresses that the agent was told, in all answers to that question. */
    public Set<String> answers(RecordedQuestion question) {
        return Collections.unmodifiableSet(answers.getOrDefault(question, Set.of()));
    }

    public Map<RecordedLook, Tally> looks() {
        return Collections.unmodifiableMap(looks);
    }

    public Reading reading() {
        return new Reading(events, older, others, ofOtherAgents, unnamed, unreadable, torn, missing, missingUncounted);
    }
}
