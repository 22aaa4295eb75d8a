package dev.agentcontainers.nodeagent.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.audit.AuditWatch;
import dev.agentcontainers.protocol.names.NameVerdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class EgressStreamTest {
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private volatile boolean finished;

    private static AuditRecord decided(String name, NameVerdict verdict) {
        return new AuditRecord.NameDecided(
                Instant.EPOCH,
                Optional.empty(),
                "100.80.4.2",
                name,
                "A",
                verdict,
                Optional.empty(),
                List.of(),
                Duration.ZERO);
    }

    private static AuditRecord missing() {
        return new AuditRecord.Missing(Instant.EPOCH, Optional.empty(), 3, "are not here");
    }

    private FutureTask<Boolean> start(AuditWatch watch, boolean denied) {
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            new EgressStream(watch, denied, () -> finished)
                    .copyTo(bytes -> lines.add(new String(bytes, StandardCharsets.UTF_8)));
            return true;
        });
        Thread.ofVirtual().start(task);
        return task;
    }

    @Test
    void passesEverythingOnLineByLineUntilTheAgentIsFinished() throws Exception {
        try (AuditTrail trail = AuditTrail.watched("node", "test", Clock.systemUTC());
                AuditWatch watch = trail.watch(Optional.empty())) {
            FutureTask<Boolean> stream = start(watch, false);
            trail.take(decided("www.example.org", NameVerdict.RESOLVED));
            trail.take(decided("www.example.net", NameVerdict.DENIED));
            await().until(() -> lines.size() == 2);
            assertThat(stream.isDone()).isFalse();
            finished = true;
            assertThat(stream.get()).isTrue();
        }
        assertThat(lines).allMatch(line -> line.endsWith("}\n") && line.indexOf('\n') == line.length() - 1);
        assertThat(lines.getFirst()).contains("www.example.org");
    }

    @Test
    void whatIsAllowedIsLeftOutWhereOnlyDenialsAreWanted() throws Exception {
        try (AuditTrail trail = AuditTrail.watched("node", "test", Clock.systemUTC());
                AuditWatch watch = trail.watch(Optional.empty())) {
            finished = true;
            trail.take(decided("www.example.org", NameVerdict.RESOLVED));
            trail.take(decided("www.example.net", NameVerdict.DENIED));
            trail.take(missing());
            FutureTask<Boolean> stream = start(watch, true);
            assertThat(stream.get()).isTrue();
        }
        assertThat(lines).hasSize(2);
        assertThat(lines.getFirst()).contains("www.example.net");
        assertThat(lines.getLast()).contains("are not here");
    }

    @Test
    void endsWithTheTrail() throws Exception {
        AuditTrail trail = AuditTrail.watched("node", "test", Clock.systemUTC());
        try (AuditWatch watch = trail.watch(Optional.empty())) {
            FutureTask<Boolean> stream = start(watch, false);
            trail.close();
            assertThat(stream.get()).isTrue();
        }
    }

    @Test
    void aReaderThatIsGoneEndsIt() throws Exception {
        try (AuditTrail trail = AuditTrail.watched("node", "test", Clock.systemUTC());
                AuditWatch watch = trail.watch(Optional.empty())) {
            trail.take(missing());
            assertThatThrownBy(() -> new EgressStream(watch, false, () -> false).copyTo(bytes -> {
                        throw new IOException("gone");
                    }))
                    .isInstanceOf(IOException.class);
        }
    }
}
