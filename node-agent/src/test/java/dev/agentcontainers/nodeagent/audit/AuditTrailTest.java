package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditTrailTest {
    @TempDir
    private Path folder;

    private AuditTrail trail(AuditLimits limits) {
        return AuditTrail.with(
                Optional.of(new RotatingFile(folder.resolve("audit"), AuditSettings.DEFAULT)),
                limits,
                Clock.systemUTC());
    }

    private List<JsonNode> written() {
        try {
            ObjectMapper json = new ObjectMapper();
            List<JsonNode> all = new ArrayList<>();
            for (String line : Files.readAllLines(folder.resolve("audit/egress.jsonl"))) {
                all.add(json.readTree(line));
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long count(List<JsonNode> events, int activity, String agent) {
        return events.stream()
                .filter(event -> event.path("activity_id").asInt() == activity
                        && event.at("/src_endpoint/name").asText().equals("team/" + agent))
                .count();
    }

    @Test
    void writesWhatItTakesForRootAlone() throws Exception {
        try (AuditTrail trail = trail(AuditLimits.DEFAULT)) {
            trail.take(Records.denied("a"));
        }
        assertThat(count(written(), 5, "a")).isEqualTo(1);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("audit/egress.jsonl"))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("audit"))))
                .isEqualTo("rwx------");
    }

    /** One agent's flood is its own loss, and the loss is said. */
    @Test
    void anAgentThatBringsTooMuchLosesItsOwn() throws Exception {
        try (AuditTrail trail = trail(new AuditLimits(1, 10, 10_000))) {
            for (int i = 0; i < 1000; i++) {
                trail.take(Records.denied("a"));
            }
            trail.take(Records.denied("b"));
            assertThat(trail.counts(new SandboxId("a")).orElseThrow().flowsDenied())
                    .isEqualTo(1000);
        }
        List<JsonNode> events = written();
        long kept = count(events, 5, "a");
        assertThat(kept).isBetween(10L, 20L);
        assertThat(count(events, 5, "b")).isEqualTo(1);
        assertThat(events.stream()
                        .filter(event -> event.path("activity_id").asInt() == 99)
                        .filter(event -> event.at("/src_endpoint/name").asText().equals("team/a"))
                        .mapToLong(event -> event.path("count").asLong())
                        .sum())
                .isEqualTo(1000 - kept);
    }

    @Test
    void aFileThatCannotBeWrittenHoldsUpNobodyAndIsSaid() throws Exception {
        Files.writeString(folder.resolve("audit"), "in the way");
        try (AuditTrail trail = trail(AuditLimits.DEFAULT);
                AuditWatch watch = trail.watch(Optional.empty())) {
            trail.take(Records.denied("a"));
            assertThat(watch.next(Duration.ofSeconds(10))).isPresent();
            await().untilAsserted(() -> assertThat(trail.warnings())
                    .singleElement()
                    .asString()
                    .startsWith("the egress audit can't be written"));
        }
    }

    @Test
    void aWatchSeesItsAgentAndSaysWhatItMissed() throws Exception {
        try (AuditTrail trail = trail(new AuditLimits(100_000, 100_000, 100_000));
                AuditWatch watch = trail.watch(Optional.of(new SandboxId("a")))) {
            trail.take(Records.denied("b"));
            for (int i = 0; i < 5000; i++) {
                trail.take(Records.denied("a"));
            }
            // A line may be half written yet.
            await().ignoreExceptions().until(() -> written().size() == 5001);
            for (int i = 0; i < 1024; i++) {
                assertThat(watch.next(Duration.ZERO).orElseThrow().record()).isInstanceOf(AuditRecord.FlowDenied.class);
            }
            AuditWatch.Shown missed = watch.next(Duration.ZERO).orElseThrow();
            assertThat(missed.record())
                    .isInstanceOfSatisfying(
                            AuditRecord.Missing.class,
                            missing -> assertThat(missing.count()).isEqualTo(5000 - 1024));
            assertThat(missed.line()).contains("too slow");
            assertThat(watch.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void countersComeAndGoWithTheirAgents() throws Exception {
        List<String> told = new ArrayList<>();
        try (AuditTrail trail = trail(AuditLimits.DEFAULT)) {
            trail.onAgents(new AuditCounters() {
                @Override
                public void came(AuditSubject subject, AuditCounts counts) {
                    told.add("+" + subject.sandbox().value());
                }

                @Override
                public void gone(SandboxId id) {
                    told.add("-" + id.value());
                }
            });
            trail.take(Records.denied("a"));
            trail.take(Records.denied("a"));
            trail.forget(new SandboxId("a"));
            trail.forget(new SandboxId("a"));
        }
        assertThat(told).containsExactly("+a", "-a");
    }
}
