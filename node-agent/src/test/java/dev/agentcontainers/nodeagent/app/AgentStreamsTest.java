package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.journal.DiskJournal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.observability.UsageMeters;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.AgentFiles;
import dev.agentcontainers.nodeagent.supervisor.Assignments;
import dev.agentcontainers.nodeagent.usage.AgentUses;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentStreamsTest {
    private static final AgentFiles NO_FILES = new AgentFiles() {
        @Override
        public Contents save(SandboxId id, OutputStream archive) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public Contents restore(SandboxId id, InputStream archive) {
            throw new UnsupportedOperationException("not part of these tests");
        }
    };
    private static final Assignment ASSIGNMENT = Assignments.of("agent-1").assignment();
    private static final SandboxId ID = ASSIGNMENT.id();

    @TempDir
    private Path folder;

    private final IsolationDriver driver = new FakeMachine().driver();
    private final AuditTrail trail = AuditTrail.watched("node", "", Clock.systemUTC());
    private final AgentUses uses =
            new AgentUses(Set::of, id -> Optional.empty(), new UsageMeters(new SimpleMeterRegistry()));
    private DiskJournal journal;
    private AgentStreams streams;

    @BeforeEach
    void open() {
        journal = new DiskJournal(folder);
        streams = new AgentStreams(NO_FILES, journal, Map.of(ASSIGNMENT.driver().name(), driver), trail, uses);
    }

    @AfterEach
    void close() throws InterruptedException {
        trail.close();
    }

    @Test
    void anAgentOfTheJournalIsSeenUntilItIsForgotten() {
        assertThat(streams.driver(ID)).isEmpty();
        journal.write(ID, JournalEntry.of(ASSIGNMENT).acceptedHere());
        assertThat(streams.driver(ID)).contains(driver);
        assertThat(streams.isFinished(ID)).isFalse();
        journal.delete(ID);
        assertThat(streams.driver(ID)).isEmpty();
        assertThat(streams.isFinished(ID)).isTrue();
    }

    @Test
    void anAgentIsFinishedOnceItWillNotBeStartedAgain() {
        journal.write(
                ID, JournalEntry.of(ASSIGNMENT).acceptedHere().ended(new Outcome(Outcome.Kind.SUCCEEDED, "Done", "")));
        assertThat(streams.isFinished(ID)).isTrue();
        assertThat(streams.driver(ID)).contains(driver);
    }

    @Test
    void anAgentWhoseDriverThisNodeLacksCannotBeEntered() {
        journal.write(ID, JournalEntry.of(ASSIGNMENT));
        assertThat(new AgentStreams(NO_FILES, journal, Map.of(), trail, uses).driver(ID))
                .isEmpty();
    }
}
