package dev.agentcontainers.cli.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.Digest;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;

/** The registry that Docker's is made of, as Debian packages it, on this machine's loopback and with a password. */
final class DebianRegistry implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();
    private final String host;
    private final Process process;

    private DebianRegistry(String host, Process process) {
        this.host = host;
        this.process = process;
    }

    /** On the path, or where scripts/test-prerequisites puts it without installing a service. */
    private static Optional<Path> program() {
        return Stream.concat(
                        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                                .map(Path::of),
                        Stream.of(Path.of(
                                System.getProperty("user.home"), ".cache/agentcontainers/docker-registry/usr/bin")))
                .map(directory -> directory.resolve("docker-registry"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static DebianRegistry start(Path folder) throws IOException {
        Optional<Path> program = program();
        assumeTrue(program.isPresent(), "needs Debian's docker-registry");
        String host;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            host = "127.0.0.1:" + free.getLocalPort();
        }
        Path logins = Files.writeString(
                folder.resolve("logins"),
                "me:" + OpenBSDBCrypt.generate("2y", "secret".toCharArray(), new byte[16], 4) + "\n");
        Path configuration =
                Files.writeString(folder.resolve("config.yml"), """
                version: 0.1
                log: {level: warn}
                storage: {filesystem: {rootdirectory: "%s"}}
                http: {addr: "%s"}
                auth: {htpasswd: {realm: test, path: "%s"}}
                """.formatted(folder.resolve("content"), host, logins));
        Process process = new ProcessBuilder(program.get().toString(), "serve", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        DebianRegistry registry = new DebianRegistry(host, process);
        try {
            await().atMost(START)
                    .ignoreException(IOException.class)
                    .until(() -> registry.send("GET", "/v2/", new byte[0], "").statusCode() == 200);
        } catch (RuntimeException e) {
            registry.close();
            throw e;
        }
        return registry;
    }

    String host() {
        return host;
    }

    /** For its one user. */
    String credentials() {
        return "{\"auths\":{\"" + host + "\":{\"username\":\"me\",\"password\":\"secret\"}}}";
    }

    void push(SmallImage image, String repository, String tag) throws IOException, InterruptedException {
        for (Map.Entry<Digest, byte[]> blob : image.blobs.entrySet()) {
            HttpResponse<String> begun = send("POST", "/v2/" + repository + "/blobs/uploads/", new byte[0], "");
            String place = begun.headers().firstValue("Location").orElseThrow();
            String join = place.contains("?") ? "&" : "?";
            assertThat(send(
                                    "PUT",
                                    place + join + "digest=" + blob.getKey(),
                                    blob.getValue(),
                                    "application/octet-stream")
                            .statusCode())
                    .isEqualTo(201);
        }
        assertThat(send("PUT", "/v2/" + repository + "/manifests/" + tag, image.manifest, SmallImage.MANIFEST)
                        .statusCode())
                .isEqualTo(201);
    }

    private HttpResponse<String> send(String method, String place, byte[] body, String type)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://" + host).resolve(place))
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString("me:secret".getBytes(UTF_8)))
                .method(method, BodyPublishers.ofByteArray(body));
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
        }
        return http.send(request.build(), BodyHandlers.ofString());
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        http.shutdownNow();
    }
}
