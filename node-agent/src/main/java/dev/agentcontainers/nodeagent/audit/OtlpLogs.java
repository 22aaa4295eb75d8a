package dev.agentcontainers.nodeagent.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.LogRecordBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporterBuilder;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.LogRecordProcessor;
import io.opentelemetry.sdk.logs.ReadWriteLogRecord;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.resources.Resource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/**
 * Sends records to a collector of OpenTelemetry logs by a thread of its own: the body of each is the line that the file has.
 * Who brings one is never held up. What there is no room for, and what the collector does not take though it was asked again,
 * is counted and said by a record of its own. Thread-safe.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otel/logs/data-model/">the data model of logs</a>
 */
final class OtlpLogs implements AutoCloseable {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(OtlpLogs.class);
    private static final int ROOM = 16_384;
    private static final int MOST_AT_ONCE = 512;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration END_WITHIN = Duration.ofSeconds(5);
    private static final String NOT_TAKEN = "it was not taken; why is in the log";
    private static final String SCOPE = "dev.agentcontainers.egress";

    private static final AttributeKey<Long> CLASS = AttributeKey.longKey("ocsf.class_uid");
    private static final AttributeKey<String> VERDICT = AttributeKey.stringKey("agentcontainers.verdict");
    private static final AttributeKey<String> NAMESPACE = AttributeKey.stringKey("k8s.namespace.name");
    private static final AttributeKey<String> AGENT = AttributeKey.stringKey("agentcontainers.agent.name");
    private static final AttributeKey<String> AGENT_UID = AttributeKey.stringKey("agentcontainers.agent.uid");
    private static final AttributeKey<String> ASSIGNMENT = AttributeKey.stringKey("agentcontainers.assignment");

    private final OtlpSettings settings;
    private final OcsfEvents events;
    private final Clock clock;
    private final LogRecordExporter exporter;
    private final SdkLoggerProvider provider;
    private final Logger logger;
    private final BlockingQueue<Waiting> waiting = new ArrayBlockingQueue<>(ROOM);
    private final AtomicLong lost = new AtomicLong();
    private final Thread sender =
            Thread.ofPlatform().daemon().name("audit-otlp").unstarted(this::send);
    /** What the SDK made of the records at hand; of the sender alone. */
    private final List<LogRecordData> made = new ArrayList<>();

    private volatile List<String> warnings = List.of();
    private volatile boolean closed;

    private record Waiting(AuditRecord record, int classUid, Verdict verdict, String line) {}

    private enum Verdict {
        ALLOWED,
        DENIED,
        UNRECORDED;

        static Verdict of(ObjectNode event) {
            return switch (event.path("action_id").asInt()) {
                case OcsfEvents.ALLOWED -> ALLOWED;
                case OcsfEvents.DENIED -> DENIED;
                default -> UNRECORDED;
            };
        }
    }

    private OtlpLogs(OtlpSettings settings, OcsfEvents events, Resource resource, Clock clock) throws IOException {
        this.settings = settings;
        this.events = events;
        this.clock = clock;
        this.exporter = exporter(settings);
        this.provider = SdkLoggerProvider.builder()
                .setResource(resource)
                .addLogRecordProcessor(new LogRecordProcessor() {
                    @Override
                    public void onEmit(Context context, ReadWriteLogRecord record) {
                        made.add(record.toLogRecordData());
                    }
                })
                .build();
        this.logger = provider.get(SCOPE);
    }

    /**
     * Begins to send what it is given.
     *
     * @param events of its own: what it says itself is in no file
     * @throws IllegalArgumentException naming the setting whose file can't be used
     */
    static OtlpLogs start(OtlpSettings settings, OcsfEvents events, String node, String version, Clock clock) {
        Resource resource = Resource.create(Attributes.builder()
                .put("service.name", "agentcontainers-node-agent")
                .put("service.version", version)
                .put("k8s.node.name", node)
                .build());
        try {
            settings.headersFile().ifPresent(OtlpLogs::headers);
            OtlpLogs logs = new OtlpLogs(settings, events, resource, clock);
            logs.sender.start();
            return logs;
        } catch (IOException e) {
            throw new IllegalArgumentException("audit-otlp-ca-file can't be read: " + e, e);
        }
    }

    private static LogRecordExporter exporter(OtlpSettings settings) throws IOException {
        OtlpHttpLogRecordExporterBuilder builder = OtlpHttpLogRecordExporter.builder()
                .setEndpoint(settings.endpoint().toString())
                .setCompression("gzip");
        settings.headersFile().ifPresent(file -> builder.setHeaders(() -> headers(file)));
        if (settings.authorityFile().isPresent()) {
            builder.setTrustedCertificates(
                    Files.readAllBytes(settings.authorityFile().get()));
        }
        return builder.build();
    }

    private static Map<String, String> headers(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(line -> line.split("=", 2))
                    .collect(Collectors.toMap(OtlpLogs::name, OtlpLogs::value, (one, other) -> other));
        } catch (IOException e) {
            throw new IllegalArgumentException("audit-otlp-headers-file can't be read: " + e, e);
        }
    }

    /** Neither is shown: it may be a secret. */
    private static String value(String[] parts) {
        String value = parts[1].strip();
        if (!value.chars().allMatch(character -> character == '\t' || (character >= ' ' && character < 0x7f))) {
            throw new IllegalArgumentException(
                    "audit-otlp-headers-file has a value with characters that no header may have");
        }
        return value;
    }

    private static String name(String[] parts) {
        if (parts.length < 2 || parts[0].isBlank()) {
            throw new IllegalArgumentException("audit-otlp-headers-file has a line that is not NAME=VALUE");
        }
        return parts[0].strip();
    }

    /**
     * Returns at once, whatever becomes of it.
     *
     * @param event what was made of the record
     * @param line the same as a line
     */
    void take(AuditRecord record, ObjectNode event, String line) {
        if (!waiting.offer(waiting(record, event, line))) {
            lost.incrementAndGet();
        }
    }

    private static Waiting waiting(AuditRecord record, ObjectNode event, String line) {
        return new Waiting(record, event.path("class_uid").asInt(), Verdict.of(event), line);
    }

    /** What an administrator should know. */
    List<String> warnings() {
        return warnings;
    }

    private void send() {
        try {
            while (!closed || !waiting.isEmpty()) {
                Waiting first = waiting.poll(200, TimeUnit.MILLISECONDS);
                if (first != null) {
                    List<Waiting> batch = new ArrayList<>(List.of(first));
                    waiting.drainTo(batch, MOST_AT_ONCE - 1);
                    pass(batch);
                } else if (lost.get() > 0 && !closed) {
                    pass(List.of());
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("sending the egress audit ends");
        }
    }

    private void pass(List<Waiting> batch) throws InterruptedException {
        long missing = lost.getAndSet(0);
        if (missing > 0) {
            AuditRecord.Missing record = new AuditRecord.Missing(
                    clock.instant(), Optional.empty(), missing, "records could not be sent to this collector");
            ObjectNode event = events.event(record);
            emit(waiting(record, event, events.line(event)));
        }
        batch.forEach(this::emit);
        Optional<String> failure = export(List.copyOf(made));
        made.clear();
        if (failure.isPresent()) {
            lost.addAndGet(missing + batch.size());
            warn("the egress audit can't be sent to " + settings.endpoint() + ": " + failure.get());
            if (batch.isEmpty()) {
                TimeUnit.SECONDS.sleep(1);
            }
        } else {
            warnings = List.of();
        }
    }

    /** Empty where the collector has taken them; else why not. */
    private Optional<String> export(List<LogRecordData> records) {
        try {
            CompletableResultCode result = exporter.export(records).join(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (result.isSuccess()) {
                return Optional.empty();
            }
            Throwable failure = result.getFailureThrowable();
            return Optional.of(failure == null || failure.getMessage() == null ? NOT_TAKEN : failure.getMessage());
        } catch (RuntimeException e) {
            return Optional.of(e.getMessage() == null ? NOT_TAKEN : e.getMessage());
        }
    }

    private void warn(String warning) {
        if (!warnings.contains(warning)) {
            LOG.error("{}", warning);
        }
        warnings = List.of(warning);
    }

    private void emit(Waiting sent) {
        LogRecordBuilder log = logger.logRecordBuilder()
                .setTimestamp(sent.record().at())
                .setObservedTimestamp(sent.record().at())
                .setSeverity(sent.verdict() == Verdict.ALLOWED ? Severity.INFO : Severity.WARN)
                .setBody(sent.line())
                .setAttribute(CLASS, (long) sent.classUid())
                .setAttribute(VERDICT, sent.verdict().name().toLowerCase(Locale.ROOT));
        sent.record().subject().ifPresent(subject -> {
            log.setAttribute(ASSIGNMENT, subject.sandbox().value());
            if (subject.agent().isKnown()) {
                log.setAttribute(NAMESPACE, subject.agent().namespace());
                log.setAttribute(AGENT, subject.agent().name());
                log.setAttribute(AGENT_UID, subject.agent().uid());
            }
        });
        log.emit();
    }

    /** Sends what waits, as far as that goes in a few seconds. */
    @Override
    public void close() throws InterruptedException {
        closed = true;
        if (!sender.join(END_WITHIN)) {
            LOG.warn("{} records of the egress audit were not sent to {}", waiting.size(), settings.endpoint());
            sender.interrupt();
        }
        exporter.close();
        provider.close();
    }
}
