package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.protocol.names.NameVerdict;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ShownDenialsTest {
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final AuditTrail trail = AuditTrail.watched("node", "test", Clock.systemUTC());
    private final RunObserver observer = new RunObserver() {
        @Override
        public void output(Stream stream, byte[] data) {
            throw new UnsupportedOperationException("not part of this");
        }

        @Override
        public void progress(String text) {
            throw new UnsupportedOperationException("not part of this");
        }

        @Override
        public void warning(String text) {
            said.add(text);
        }
    };

    @AfterEach
    void close() throws InterruptedException {
        trail.close();
    }

    private void decide(String name, NameVerdict verdict) {
        trail.take(new AuditRecord.NameDecided(
                Instant.EPOCH,
                Optional.empty(),
                "100.80.4.2",
                name,
                "A",
                verdict,
                Optional.empty(),
                List.of(),
                Duration.ZERO));
    }

    @Test
    void eachIsSaidOnceAndWhatIsAllowedNever() {
        try (ShownDenials denials = ShownDenials.start(trail, observer)) {
            decide("allowed.example.org", NameVerdict.RESOLVED);
            decide("one.example.org", NameVerdict.DENIED);
            decide("one.example.org", NameVerdict.DENIED);
            decide("two.example.org", NameVerdict.DENIED);
            await().until(() -> said.size() == 2);
        }
        assertThat(said.getFirst()).startsWith("denied: the name one.example.org: ");
        assertThat(said.getLast()).startsWith("denied: the name two.example.org: ");
    }

    @Test
    void manyAreSaidToBeMore() {
        try (ShownDenials denials = ShownDenials.start(trail, observer)) {
            for (int i = 0; i < 30; i++) {
                decide("n" + i + ".example.org", NameVerdict.DENIED);
            }
            await().until(() -> said.size() == 21);
        }
        assertThat(said).hasSize(21).last().isEqualTo("more is denied and not said here");
    }
}
