package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.SeverityNumber;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OtlpLogsTest {
    @TempDir
    private Path folder;

    private TestCollector collector;

    @BeforeEach
    void listen() throws Exception {
        collector = new TestCollector();
    }

    @AfterEach
    void stop() {
        collector.close();
    }

    private AuditTrail trail(Optional<Path> headers) {
        OtlpSettings otlp = new OtlpSettings(collector.endpoint(), headers, Optional.empty());
        return AuditTrail.inFolder(
                folder, new AuditSettings(1 << 20, 2, Optional.of(otlp)), "n1", "1.2", Clock.systemUTC());
    }

    private static Optional<String> attribute(LogRecord record, String key) {
        return record.getAttributesList().stream()
                .filter(each -> each.getKey().equals(key))
                .map(KeyValue::getValue)
                .map(value -> value.hasIntValue() ? Long.toString(value.getIntValue()) : value.getStringValue())
                .findFirst();
    }

    @Test
    void sendsTheLinesOfTheFileWithWhatTheyAreSoughtBy() throws Exception {
        try (AuditTrail trail = trail(Optional.empty())) {
            trail.take(Records.denied("a"));
            trail.take(Records.opened("b"));
        }

        assertThat(collector.records())
                .extracting(record -> record.getBody().getStringValue())
                .containsExactlyElementsOf(Files.readAllLines(folder.resolve("egress.jsonl")));
        LogRecord denied = collector.records().getFirst();
        assertThat(denied.getSeverityNumber()).isEqualTo(SeverityNumber.SEVERITY_NUMBER_WARN);
        assertThat(attribute(denied, "agentcontainers.verdict")).hasValue("denied");
        assertThat(attribute(denied, "ocsf.class_uid")).hasValue("4001");
        assertThat(attribute(denied, "k8s.namespace.name")).hasValue("team");
        assertThat(attribute(denied, "agentcontainers.agent.name")).hasValue("a");
        assertThat(attribute(denied, "agentcontainers.assignment")).hasValue("a");
        assertThat(attribute(collector.records().getLast(), "agentcontainers.verdict"))
                .hasValue("allowed");
        assertThat(collector
                        .requests()
                        .getFirst()
                        .getResourceLogs(0)
                        .getResource()
                        .getAttributesList())
                .extracting(each -> each.getKey() + "=" + each.getValue().getStringValue())
                .contains("service.name=agentcontainers-node-agent", "service.version=1.2", "k8s.node.name=n1");
    }

    @Test
    void provesWhoSendsByWhatTheFileSaysAtThatTime() throws Exception {
        Path headers = Files.writeString(folder.resolve("headers"), "# renewed daily\nAuthorization=Bearer one\n");
        try (AuditTrail trail = trail(Optional.of(headers))) {
            trail.take(Records.denied("a"));
            await().until(() -> collector.records().size() == 1);
            Files.writeString(headers, "Authorization=Bearer two\n");
            trail.take(Records.denied("a"));
        }

        assertThat(collector.tokens()).containsExactly("Bearer one", "Bearer two");
    }

    /** What the collector does not take is missing there, and it is told so as soon as it takes something again. */
    @Test
    void whatIsNotTakenIsCountedAndSaid() throws Exception {
        collector.answer(401);
        try (AuditTrail trail = trail(Optional.empty())) {
            trail.take(Records.denied("a"));
            trail.take(Records.denied("a"));
            await().untilAsserted(() -> assertThat(trail.warnings())
                    .singleElement()
                    .asString()
                    .contains("can't be sent to " + collector.endpoint())
                    .contains("it was not taken"));

            collector.answer(200);
            await().untilAsserted(() -> assertThat(trail.warnings()).isEmpty());
        }

        List<LogRecord> taken = collector.records();
        assertThat(attribute(taken.getFirst(), "agentcontainers.verdict")).hasValue("unrecorded");
        long said = 0;
        long sent = 0;
        for (LogRecord record : taken) {
            long count = new ObjectMapper()
                    .readTree(record.getBody().getStringValue())
                    .path("count")
                    .asLong();
            said += count;
            sent += count == 0 ? 1 : 0;
        }
        assertThat(said + sent)
                .as("each of the two is there or said to be missing")
                .isEqualTo(2);
        assertThat(said).isPositive();
        assertThat(Files.readAllLines(folder.resolve("egress.jsonl")))
                .as("the file misses nothing")
                .hasSize(2);
    }

    @Test
    void aCollectorThatIsNotThereHoldsUpNothing() throws Exception {
        collector.close();
        try (AuditTrail trail = trail(Optional.empty())) {
            for (int i = 0; i < 1000; i++) {
                trail.take(Records.denied("a"));
            }
            await().untilAsserted(() -> assertThat(Files.readAllLines(folder.resolve("egress.jsonl")))
                    .hasSize(1000));
        }
    }

    @Test
    void saysWhichSettingIsWrong() throws Exception {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OtlpSettings(URI.create("collector:4318"), Optional.empty(), Optional.empty()))
                .withMessageContaining("audit-otlp-endpoint is 'collector:4318'")
                .withMessageContaining("https://collector.example:4318/v1/logs");
        assertThat(new OtlpSettings(URI.create("https://c:4318"), Optional.empty(), Optional.empty()).endpoint())
                .hasToString("https://c:4318/v1/logs");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trail(Optional.of(folder.resolve("missing"))))
                .withMessageContaining("audit-otlp-headers-file can't be read");
        Path secret = Files.writeString(folder.resolve("headers"), "hidden\n");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trail(Optional.of(secret)))
                .withMessage("audit-otlp-headers-file has a line that is not NAME=VALUE");
        Files.writeString(secret, "Authorization=Bearer hid\u200bden\n");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trail(Optional.of(secret)))
                .withMessage("audit-otlp-headers-file has a value with characters that no header may have");
    }
}
