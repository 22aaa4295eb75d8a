package dev.agentcontainers.protocol.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.Statuses;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/** HTTP requests to a gateway. Thread-safe. */
public final class GatewayHttp implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
    private static final int LONGEST_ERROR = 64 * 1024;

    private final HttpClient client;
    private final URI gateway;
    private final Optional<String> bearer;

    /** @param bearer token that is sent with each request */
    public GatewayHttp(URI gateway, SSLContext tls, Optional<String> bearer) {
        this.gateway = gateway;
        this.bearer = bearer;
        this.client = HttpClient.newBuilder()
                .sslContext(tls)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .build();
    }

    /**
     * Posts JSON and reads JSON.
     *
     * @throws RefusedException where the gateway says no, with its reason
     */
    public <T> T post(String path, Object body, Class<T> answer) throws IOException, InterruptedException {
        HttpRequest request = request(path)
                .timeout(ANSWER_TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.text(body)))
                .build();
        HttpResponse<InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream stream = response.body()) {
            requireSuccess(response.statusCode(), stream);
            return Json.parse(new String(stream.readAllBytes(), StandardCharsets.UTF_8), answer);
        } catch (JsonProcessingException e) {
            throw new ProtocolException(
                    "the gateway's answer is no " + answer.getSimpleName() + ": " + e.getOriginalMessage());
        }
    }

    /**
     * The body of an answer as it comes; the caller closes it.
     *
     * @throws RefusedException where the gateway says no, with its reason
     */
    public InputStream get(String path) throws IOException, InterruptedException {
        HttpResponse<InputStream> response = client.send(
                request(path).timeout(ANSWER_TIMEOUT).GET().build(), HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() != 200) {
            try (InputStream stream = response.body()) {
                requireSuccess(response.statusCode(), stream);
            }
        }
        return response.body();
    }

    /**
     * Opens a WebSocket.
     *
     * @throws RefusedException where the gateway says no, with its reason
     */
    public MessageSocket connect(String path, String subprotocol, int longestMessage)
            throws IOException, InterruptedException {
        URI address = resolve(path);
        try {
            return MessageSocket.connect(
                    client,
                    URI.create(address.toString().replaceFirst("^http", "ws")),
                    subprotocol,
                    bearer.map(token -> java.util.Map.of("Authorization", "Bearer " + token))
                            .orElseGet(java.util.Map::of),
                    longestMessage,
                    CONNECT_TIMEOUT);
        } catch (MessageSocket.HandshakeRefusedException e) {
            // The JDK drops the body of a refused handshake. The gateway refuses a plain GET for the same reason.
            get(path).close();
            throw e;
        }
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(resolve(path));
        bearer.ifPresent(token -> builder.header("Authorization", "Bearer " + token));
        return builder;
    }

    private URI resolve(String path) {
        String base = gateway.toString();
        return URI.create((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
    }

    private static void requireSuccess(int code, InputStream body) throws IOException {
        if (code / 100 == 2) {
            return;
        }
        String text = new String(body.readNBytes(LONGEST_ERROR), StandardCharsets.UTF_8);
        try {
            Status status = Json.parse(text, Status.class);
            if (status.getMessage() != null) {
                status.setCode(code);
                throw new RefusedException(status);
            }
        } catch (JsonProcessingException e) {
            // Not from the gateway itself: a proxy between, perhaps. The code must do.
        }
        throw new RefusedException(Statuses.failure(code, "the gateway answered with HTTP code " + code));
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
