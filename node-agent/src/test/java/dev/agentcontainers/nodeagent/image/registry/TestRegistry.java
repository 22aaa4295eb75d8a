package dev.agentcontainers.nodeagent.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.TestImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The part of the distribution API that pulls need, over real HTTP, with the ways in which registries misbehave. */
public final class TestRegistry implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, byte[]> content = new ConcurrentHashMap<>();

    /** What was asked: METHOD PATH, then the headers that matter where they are there. */
    public final List<String> asked = new CopyOnWriteArrayList<>();

    /** Content that is answered only so far, once each. */
    public final Map<String, Integer> breaksAfter = new ConcurrentHashMap<>();

    /** Content of which nothing comes after the headers. */
    public volatile Optional<String> stalls = Optional.empty();

    /** Whether it answers everything with 503. */
    public volatile boolean broken;

    public volatile boolean ranges = true;
    /** USER:PASSWORD for tokens; empty where nobody needs one. */
    public volatile Optional<String> password = Optional.empty();

    public volatile String token = "first-token";
    /** Whether it wants the password itself. */
    public volatile boolean basic;
    /** Where content is fetched from, HOST:PORT. */
    public volatile Optional<String> redirect = Optional.empty();

    /** Who gives tokens; empty for itself. */
    public volatile Optional<String> realm = Optional.empty();

    public TestRegistry() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                answer(exchange);
            }
        });
        server.start();
    }

    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    public RegistrySettings settings() {
        return new RegistrySettings(Map.of(), Set.of(host()), Optional.empty(), Duration.ofSeconds(20));
    }

    public TestRegistry with(String repository, String tag, TestImage image) {
        image.content.forEach((digest, bytes) -> {
            content.put("/v2/" + repository + "/manifests/" + digest, bytes);
            content.put("/v2/" + repository + "/blobs/" + digest, bytes);
        });
        content.put("/v2/" + repository + "/manifests/" + tag, image.bytes(image.index()));
        return this;
    }

    /** Has it answer that at a path. */
    public void give(String path, byte[] bytes) {
        content.put(path, bytes);
    }

    /** Has it answer something else. */
    public void replace(String repository, Digest digest, byte[] bytes) {
        content.replaceAll(
                (path, old) -> path.startsWith("/v2/" + repository + "/") && path.endsWith("/" + digest) ? bytes : old);
    }

    public long countOf(String path) {
        return asked.stream().filter(line -> line.contains(path)).count();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String authorization = header(exchange, "Authorization");
        String range = header(exchange, "Range");
        asked.add((exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + authorization + " " + range)
                .strip());
        if (broken) {
            exchange.sendResponseHeaders(503, -1);
        } else if (path.equals("/token")) {
            giveToken(exchange, authorization);
        } else if (!isLetIn(authorization)) {
            exchange.getResponseHeaders()
                    .add(
                            "WWW-Authenticate",
                            basic
                                    ? "Basic realm=\"test\""
                                    : "Bearer service=\"test\",realm=\"" + realm.orElse("http://" + host() + "/token")
                                            + "\",scope=\"repository:team/agent:pull\"");
            exchange.sendResponseHeaders(401, -1);
        } else if (redirect.isPresent() && path.contains("/blobs/")) {
            exchange.getResponseHeaders().add("Location", redirect.get() + path);
            exchange.sendResponseHeaders(307, -1);
        } else {
            give(exchange, path, range);
        }
    }

    private static String header(HttpExchange exchange, String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name)).orElse("");
    }

    private boolean isLetIn(String authorization) {
        return password.isEmpty() || authorization.equals(basic ? basicOf(password.get()) : "Bearer " + token);
    }

    private static String basicOf(String login) {
        return "Basic " + Base64.getEncoder().encodeToString(login.getBytes(UTF_8));
    }

    private void giveToken(HttpExchange exchange, String authorization) throws IOException {
        if (!authorization.equals(password.map(TestRegistry::basicOf).orElse(""))) {
            exchange.sendResponseHeaders(401, -1);
            return;
        }
        send(exchange, 200, ("{\"token\":\"" + token + "\"}").getBytes(UTF_8));
    }

    private void give(HttpExchange exchange, String path, String range) throws IOException {
        byte[] bytes = content.get(path);
        if (bytes == null) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        if (path.contains("/manifests/")) {
            exchange.getResponseHeaders().add("Content-Type", typeOf(bytes));
        }
        int from = ranges && range.startsWith("bytes=") ? Integer.parseInt(range.substring(6, range.length() - 1)) : 0;
        if (from > 0) {
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
        OutputStream body = exchange.getResponseBody();
        if (stalls.filter(path::endsWith).isPresent()) {
            body.flush();
            await();
        }
        Integer most = breaksAfter.remove(path.substring(path.lastIndexOf('/') + 1));
        body.write(bytes, from, most == null ? bytes.length - from : most);
        body.flush();
    }

    private static void await() {
        try {
            Thread.sleep(60_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String typeOf(byte[] manifest) {
        return new String(manifest, UTF_8).contains("\"manifests\"")
                ? ImageDocuments.manifestTypes().getFirst()
                : ImageDocuments.manifestTypes().get(1) + "; charset=utf-8";
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
