package dev.agentcontainers.nodeagent.audit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.logs.v1.LogRecord;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/** Takes logs as a collector does, at loopback, and remembers them. */
final class TestCollector implements AutoCloseable {
    private static final int OK = 200;

    private final HttpServer server;
    private final List<ExportLogsServiceRequest> requests = new CopyOnWriteArrayList<>();
    private final List<String> tokens = new CopyOnWriteArrayList<>();
    private volatile int answer = OK;

    TestCollector() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/logs", this::take);
        server.start();
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange;
                GZIPInputStream body = new GZIPInputStream(exchange.getRequestBody())) {
            ExportLogsServiceRequest request = ExportLogsServiceRequest.parseFrom(body);
            tokens.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            if (answer == OK) {
                requests.add(request);
            }
            exchange.sendResponseHeaders(answer, -1);
        }
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** @param status of HTTP; 200 takes what comes */
    void answer(int status) {
        answer = status;
    }

    List<ExportLogsServiceRequest> requests() {
        return List.copyOf(requests);
    }

    /** All that it has taken. */
    List<LogRecord> records() {
        return requests.stream()
                .flatMap(request -> request.getResourceLogsList().stream())
                .flatMap(resource -> resource.getScopeLogsList().stream())
                .flatMap(scope -> scope.getLogRecordsList().stream())
                .toList();
    }

    /** How each request proved who sends. */
    List<String> tokens() {
        return List.copyOf(tokens);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
