package dev.agentcontainers.nodeagent.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.TestImage;
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
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;

/** The registry that Docker's is made of, as Debian packages it, on a free port; it lets in {@code me} with {@code secret}. */
public final class LiveRegistry implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final String host;

    private LiveRegistry(Process process, String host) {
        this.process = process;
        this.host = host;
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

    /** Starts one with its content below {@code folder}; skips the test where there is none on this machine. */
    public static LiveRegistry start(Path folder) throws IOException {
        Optional<Path> program = program();
        assumeTrue(program.isPresent(), "needs Debian's docker-registry");
        String host;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            host = "127.0.0.1:" + free.getLocalPort();
        }
        Path logins = folder.resolve("logins");
        Files.writeString(logins, "me:" + OpenBSDBCrypt.generate("2y", "secret".toCharArray(), new byte[16], 4) + "\n");
        Path configuration = folder.resolve("config.yml");
        Files.writeString(configuration, """
            version: 0.1
            log: {level: warn}
            storage: {filesystem: {rootdirectory: "%s"}, delete: {enabled: true}}
            http: {addr: "%s"}
            auth: {htpasswd: {realm: test, path: "%s"}}
            """.formatted(folder.resolve("content"), host, logins));
        Process process = new ProcessBuilder(program.get().toString(), "serve", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        LiveRegistry registry = new LiveRegistry(process, host);
        await().atMost(START)
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> registry.send("GET", "/v2/", new byte[0], "").statusCode() == 200);
        return registry;
    }

    public String host() {
        return host;
    }

    public RegistrySettings settings() {
        return new RegistrySettings(Map.of(), Set.of(host), Optional.empty(), Duration.ofSeconds(20));
    }

    public RegistryCredentials credentials(String password) {
        return RegistryCredentials.ofDockerConfig(
                "test",
                ("{\"auths\":{\"" + host + "\":{\"username\":\"me\",\"password\":\"" + password + "\"}}}")
                        .getBytes(UTF_8));
    }

    private HttpResponse<String> send(String method, String place, byte[] body, String type)
            throws IOException, InterruptedException {
        URI uri = URI.create("http://" + host).resolve(place);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString("me:secret".getBytes(UTF_8)))
                .method(method, BodyPublishers.ofByteArray(body));
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
        }
        return http.send(request.build(), BodyHandlers.ofString());
    }

    /** Everything of an image; the tag stands for its manifest, which needs no other platforms. */
    public void push(String repository, String tag, TestImage image) throws IOException, InterruptedException {
        for (byte[] content : image.content.values()) {
            pushBlob(repository, content);
        }
        pushManifest(repository, tag, image.bytes(image.manifest()));
    }

    public void pushBlob(String repository, byte[] content) throws IOException, InterruptedException {
        HttpResponse<String> begun = send("POST", "/v2/" + repository + "/blobs/uploads/", new byte[0], "");
        String place = begun.headers().firstValue("Location").orElseThrow();
        String join = place.contains("?") ? "&" : "?";
        assertThat(send("PUT", place + join + "digest=" + Digest.of(content), content, "application/octet-stream")
                        .statusCode())
                .isEqualTo(201);
    }

    /** @param name a tag or its digest */
    public void pushManifest(String repository, String name, byte[] manifest) throws IOException, InterruptedException {
        boolean index = new String(manifest, UTF_8).contains("\"manifests\"");
        HttpResponse<String> answer = send(
                "PUT",
                "/v2/" + repository + "/manifests/" + name,
                manifest,
                ImageDocuments.manifestTypes().get(index ? 0 : 1));
        assertThat(answer.statusCode()).describedAs(answer.body()).isEqualTo(201);
    }

    /** With all tags that stand for it. */
    public void deleteManifest(String repository, Digest digest) throws IOException, InterruptedException {
        assertThat(send("DELETE", "/v2/" + repository + "/manifests/" + digest, new byte[0], "")
                        .statusCode())
                .isEqualTo(202);
    }

    /** It answers nobody any more. */
    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        http.shutdownNow();
    }
}
