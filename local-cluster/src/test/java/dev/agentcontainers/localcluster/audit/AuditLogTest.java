package dev.agentcontainers.localcluster.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditLogTest {
    private static final String OPERATOR = "system:serviceaccount:agentcontainers-system:agentcontainers-operator";
    private static final String NODE_AGENT = "system:serviceaccount:agentnode-local-1:node-agent";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void anEmptyLog() throws IOException {
        file = Files.createFile(folder.resolve("audit.log"));
    }

    @Test
    void onlyAnsweredWritesCount() throws IOException {
        append(OPERATOR, "get", "ResponseComplete", "agentcontainers", 200);
        append(OPERATOR, "create", "RequestReceived", "agentassignments", 0);
        append(OPERATOR, "create", "ResponseComplete", "agentassignments", 201);

        assertThat(new AuditLog(file).writesSince(0))
                .singleElement()
                .returns("operator create agentassignments", Write::toString)
                .returns("probe/1", Write::userAgent)
                .returns(Instant.parse("2026-01-02T03:04:05.678901Z"), Write::received);
    }

    @Test
    void aRefusedWriteCountsAndIsMarked() throws IOException {
        append(NODE_AGENT, "patch", "ResponseComplete", "agentassignments", 403);

        assertThat(new AuditLog(file).writesSince(0))
                .extracting(Write::toString)
                .containsExactly("node agent patch agentassignments (403)");
    }

    @Test
    void whatWasWrittenBeforeThePositionIsLeftOut() throws IOException {
        append(OPERATOR, "create", "ResponseComplete", "agentassignments", 201);
        AuditLog log = new AuditLog(file);
        long position = log.position();
        append(NODE_AGENT, "patch", "ResponseComplete", "agentassignments", 200);

        assertThat(log.writesSince(position)).singleElement().returns(true, Write::byNodeAgent);
    }

    @Test
    void upkeepEventsAndCopiesAreToldApart() throws IOException {
        append(NODE_AGENT, "update", "ResponseComplete", "leases", 200);
        append(OPERATOR, "create", "ResponseComplete", "events", 201);
        append(OPERATOR, "create", "ResponseComplete", "secrets", 201);
        append("ada", "create", "ResponseComplete", "agentcontainers", 201);

        assertThat(new AuditLog(file).writesSince(0))
                .extracting(Write::isUpkeep, Write::isEventOrCopy, write -> write.byOperator() || write.byNodeAgent())
                .containsExactly(
                        tuple(true, false, true),
                        tuple(false, true, true),
                        tuple(false, true, true),
                        tuple(false, false, false));
    }

    private void append(String user, String verb, String stage, String resource, int code) throws IOException {
        String line = """
                {"stage":"%s","requestReceivedTimestamp":"2026-01-02T03:04:05.678901Z","userAgent":"probe/1","verb":"%s",\
                "user":{"username":"%s"},"objectRef":{"resource":"%s","namespace":"n","name":"m"},\
                "responseStatus":{"code":%d}}
                """.formatted(stage, verb, user, resource, code);
        Files.writeString(file, line, StandardOpenOption.APPEND);
    }
}
