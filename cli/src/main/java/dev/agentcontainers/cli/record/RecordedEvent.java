package dev.agentcontainers.cli.record;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** One line of the record, as far as it is of use here. */
sealed interface RecordedEvent {
    Instant at();

    /** What became of a flow. */
    enum Outcome {
        BEGAN,
        ENDED,
        DENIED
    }

    /**
     * A flow was let begin, has ended, or was denied.
     *
     * @param id of the flow; empty for one that was denied
     * @param barrier that denied it; empty where none did
     * @param sent bytes by its source, where it has ended
     */
    record Connection(
            Instant at, Outcome outcome, String id, RecordedFlow flow, String barrier, long sent, long received)
            implements RecordedEvent {}

    /** A name was asked for; empty agent: by whom is not known. */
    record Question(Instant at, Optional<AgentName> agent, RecordedQuestion question, List<String> answers)
            implements RecordedEvent {
        public Question {
            answers = List.copyOf(answers);
        }
    }

    /** A connection was looked at that may be TLS only. */
    record Look(Instant at, Optional<AgentName> agent, RecordedLook look) implements RecordedEvent {}

    /** A request was judged, on a connection to where only some of HTTP may pass. */
    record Request(Instant at, Optional<AgentName> agent, String address, int port) implements RecordedEvent {}

    /**
     * Something is not in the record.
     *
     * @param count 0 where that is not known
     */
    record Missing(Instant at, Optional<AgentName> agent, long count) implements RecordedEvent {}

    /** An event of a kind that says nothing of flows and names. */
    record Other(Instant at) implements RecordedEvent {}
}
