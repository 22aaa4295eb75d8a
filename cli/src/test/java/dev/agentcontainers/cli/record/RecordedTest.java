package dev.agentcontainers.cli.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.audit.AuditSettings;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordedTest {
    private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
    private static final AgentName CODER = new AgentName("team", "coder");

    @TempDir
    private Path folder;

    private Recorded read(Optional<AgentName> only, Instant since, String... places) {
        Recorded recorded = new Recorded(only, since);
        new RecordFiles(List.of(places)).readInto(recorded, InputStream.nullInputStream());
        return recorded;
    }

    private Recorded all() {
        return read(Optional.empty(), Instant.MIN, folder.toString());
    }

    @Test
    void eachThingStandsOnceWithHowOftenItWas() throws Exception {
        try (WrittenRecord record = WrittenRecord.in(folder, AT)) {
            record.asked("team/coder", "www.example.org", NameVerdict.RESOLVED, "192.0.2.10", "192.0.2.11")
                    .connected("team/coder", "192.0.2.10", 443, "www.example.org")
                    .connected("team/coder", "192.0.2.10", 443, "www.example.org")
                    .denied("team/coder", Barrier.EGRESS, "192.0.2.99", 22, "")
                    .denied("team/coder", Barrier.CLOSED, "169.254.169.254", 80, "")
                    .asked("team/coder", "evil.test", NameVerdict.DENIED)
                    .looked("team/coder", TlsVerdict.PASSED, "192.0.2.10", 443, "www.example.org")
                    .connectedTo("team/coder", "team/store", "100.80.4.3", 9000);
        }
        Recorded recorded = all();

        assertThat(recorded.flows()).hasSize(4);
        Tally twice = Objects.requireNonNull(recorded.flows()
                .get(new RecordedFlow(
                        Optional.of(CODER),
                        "",
                        Optional.empty(),
                        "192.0.2.10",
                        Optional.of("www.example.org"),
                        6,
                        443)));
        // The end of a connection whose beginning was counted is no other connection.
        assertThat(twice.allowed()).isEqualTo(2);
        assertThat(twice.sent()).isEqualTo(1000);
        assertThat(twice.received()).isEqualTo(8000);
        assertThat(twice.last()).isEqualTo(AT.plusSeconds(4));
        assertThat(recorded.flows().entrySet())
                .anySatisfy(flow -> {
                    assertThat(flow.getKey().address()).isEqualTo("192.0.2.99");
                    assertThat(flow.getValue().denied()).isEqualTo(1);
                })
                .anySatisfy(flow -> {
                    assertThat(flow.getKey().address()).isEqualTo("169.254.169.254");
                    assertThat(flow.getValue().decided()).isZero();
                    assertThat(flow.getValue().closed()).isEqualTo(1);
                })
                .anySatisfy(flow -> assertThat(flow.getKey().destination()).contains(new AgentName("team", "store")));
        RecordedQuestion resolved = new RecordedQuestion(CODER, "www.example.org", "resolved");
        assertThat(recorded.questions()).containsOnlyKeys(resolved, new RecordedQuestion(CODER, "evil.test", "denied"));
        assertThat(recorded.answers(resolved)).containsExactly("192.0.2.10", "192.0.2.11");
        assertThat(recorded.looks())
                .containsOnlyKeys(new RecordedLook(CODER, "192.0.2.10", 443, Optional.of("www.example.org"), "passed"));
        assertThat(recorded.reading()).isEqualTo(new Reading(10, 0, 0, 0, 0, 0, 0, 0, 0));
        assertThat(recorded.reading().gaps()).isEmpty();
    }

    @Test
    void othersAndWhatIsOlderIsPassedOver() throws Exception {
        try (WrittenRecord record = WrittenRecord.in(folder, AT)) {
            record.connected("team/coder", "192.0.2.10", 443, "")
                    .connected("team/other", "192.0.2.11", 443, "")
                    .asked("other/coder", "www.example.org", NameVerdict.DENIED)
                    .reachedBy("100.80.9.9", "team/coder", 80)
                    .missing(17)
                    .missing(0);
        }
        // After the first beginning, before its end.
        Recorded recorded = read(Optional.of(CODER), AT.plusSeconds(2), folder.toString());

        assertThat(recorded.flows().keySet().stream().map(RecordedFlow::address))
                .containsExactly("192.0.2.10", "100.80.4.2");
        assertThat(recorded.flows().values())
                .allSatisfy(tally -> assertThat(tally.allowed()).isEqualTo(1));
        assertThat(recorded.questions()).isEmpty();
        assertThat(recorded.reading()).isEqualTo(new Reading(2, 1, 0, 3, 0, 0, 0, 17, 1));
        assertThat(recorded.reading().gaps())
                .containsExactly(
                        "packets and events that were too many for the record and are not in it: 17",
                        "places where something is missing in the record, and it is not known how much: 1");
    }

    @Test
    void filesThatWerePutAwayAreReadBeforeTheYoungest() throws Exception {
        try (WrittenRecord record = new WrittenRecord(folder, new AuditSettings(65_536, 5, Optional.empty()), AT)) {
            for (int number = 1; number <= 120; number++) {
                record.connected("team/coder", "192.0.2." + number, 443, "");
            }
        }
        assertThat(folder.resolve("egress.jsonl.2")).exists();
        assertThat(all().flows().keySet().stream().map(RecordedFlow::address))
                .hasSize(120)
                .startsWith("192.0.2.1", "192.0.2.2")
                .endsWith("192.0.2.120");
        // The same file by two names, as where it is put away between two looks.
        int next = 3;
        while (Files.exists(folder.resolve("egress.jsonl." + next))) {
            next++;
        }
        Files.createLink(folder.resolve("egress.jsonl." + next), folder.resolve("egress.jsonl." + (next - 1)));
        assertThat(all().reading().events()).isEqualTo(240);
    }

    @Test
    void aTornLastLineIsPassedOver() throws Exception {
        try (WrittenRecord record = WrittenRecord.in(folder, AT)) {
            record.connected("team/coder", "192.0.2.10", 443, "")
                    .denied("team/coder", Barrier.EGRESS, "192.0.2.9", 1, "");
        }
        String whole = Files.readString(folder.resolve("egress.jsonl"));
        Files.writeString(folder.resolve("egress.jsonl"), whole.substring(0, whole.length() - 40));
        assertThat(all().reading()).isEqualTo(new Reading(2, 0, 0, 0, 0, 0, 1, 0, 0));

        // A last line that lacks nothing but its end counts.
        Files.writeString(folder.resolve("egress.jsonl"), whole.strip());
        assertThat(all().reading()).isEqualTo(new Reading(3, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void whatIsNoEventIsCounted() throws Exception {
        try (WrittenRecord record = WrittenRecord.in(folder, AT)) {
            record.connected("team/coder", "192.0.2.10", 443, "");
        }
        String whole = Files.readString(folder.resolve("egress.jsonl"));
        String hostile = "{\"class_uid\": 4001\n\n[]\nnull\n{\"class_uid\": 4001, \"time\": \"yesterday\"}\n"
                + "x".repeat(3 * RecordLines.LONGEST) + "\n"
                + "{\"class_uid\": 4007, \"time\": 1767323045000}\n"
                + "{\"class_uid\": 4001, \"activity_id\": 1, \"time\": 1767323045000,"
                + " \"metadata\": {\"product\": {\"vendor_name\": \"somebody\"}}}\n"
                + "{\"class_uid\": 4001, \"activity_id\": 1, \"time\": 1767323045000,"
                + " \"src_endpoint\": {\"name\": \"7f3a\"}}\n";
        Recorded recorded = new Recorded(Optional.empty(), Instant.MIN)
                .read(new ByteArrayInputStream((hostile + whole).getBytes(StandardCharsets.UTF_8)));

        assertThat(recorded.reading()).isEqualTo(new Reading(2, 0, 2, 0, 1, 5, 0, 0, 0));
        assertThat(recorded.flows()).hasSize(1);
    }

    @Test
    void linesOfAnyLengthAreToldApart() throws IOException {
        RecordLines lines = new RecordLines(new ByteArrayInputStream(
                ("a\n\n" + "b".repeat(100_000) + "\n" + "c".repeat(RecordLines.LONGEST + 1) + "\nd")
                        .getBytes(StandardCharsets.UTF_8)));
        assertThat(lines.next()).contains(new RecordLines.Line("a", true, false));
        assertThat(lines.next()).contains(new RecordLines.Line("", true, false));
        assertThat(lines.next()).contains(new RecordLines.Line("b".repeat(100_000), true, false));
        assertThat(lines.next()).contains(new RecordLines.Line("c".repeat(RecordLines.LONGEST), true, true));
        assertThat(lines.next()).contains(new RecordLines.Line("d", false, false));
        assertThat(lines.next()).isEmpty();
    }

    @Test
    void whatIsNotThereIsSaid() {
        assertThatThrownBy(() -> read(Optional.empty(), Instant.MIN, folder + "/none.jsonl"))
                .isInstanceOfSatisfying(
                        UserException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(2))
                .hasMessage("--records " + folder + "/none.jsonl: there is no such file");
        assertThatThrownBy(this::all).hasMessage("--records " + folder + "/egress.jsonl: there is no such file");
    }
}
