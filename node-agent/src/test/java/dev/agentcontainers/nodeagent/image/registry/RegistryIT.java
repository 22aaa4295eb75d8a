package dev.agentcontainers.nodeagent.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenContent;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
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
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the registry that Docker's is made of, as Debian packages it: what {@link TestRegistry} believes of registries. */
class RegistryIT {
    private static final Duration START = Duration.ofSeconds(30);
    private static final byte[] LAYER =
            TestLayer.gzip(new TestLayer().file("a", "content").tar());

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private Optional<Process> registry = Optional.empty();
    private String host = "";

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

    @BeforeEach
    void start() throws IOException {
        Optional<Path> program = program();
        assumeTrue(program.isPresent(), "needs Debian's docker-registry");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            host = "127.0.0.1:" + free.getLocalPort();
        }
        Path logins = folder.resolve("logins");
        Files.writeString(logins, "me:" + OpenBSDBCrypt.generate("2y", "secret".toCharArray(), new byte[16], 4) + "\n");
        Path configuration = folder.resolve("config.yml");
        Files.writeString(configuration, """
            version: 0.1
            log: {level: warn}
            storage: {filesystem: {rootdirectory: "%s"}}
            http: {addr: "%s"}
            auth: {htpasswd: {realm: test, path: "%s"}}
            """.formatted(folder.resolve("content"), host, logins));
        registry = Optional.of(new ProcessBuilder(program.get().toString(), "serve", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start());
        await().atMost(START)
                .ignoreException(IOException.class)
                .until(() -> send("GET", "/v2/", new byte[0], "").statusCode() == 200);
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (registry.isPresent()) {
            registry.get().destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
        http.shutdownNow();
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

    private void push(TestImage image) throws IOException, InterruptedException {
        for (Map.Entry<Digest, byte[]> entry : image.content.entrySet()) {
            HttpResponse<String> begun = send("POST", "/v2/team/agent/blobs/uploads/", new byte[0], "");
            String place = begun.headers().firstValue("Location").orElseThrow();
            String join = place.contains("?") ? "&" : "?";
            assertThat(send(
                                    "PUT",
                                    place + join + "digest=" + entry.getKey(),
                                    entry.getValue(),
                                    "application/octet-stream")
                            .statusCode())
                    .isEqualTo(201);
        }
        assertThat(send(
                                "PUT",
                                "/v2/team/agent/manifests/1",
                                image.bytes(image.manifest()),
                                ImageDocuments.manifestTypes().get(1))
                        .statusCode())
                .isEqualTo(201);
    }

    private ImageSource source(String password) throws IOException {
        RegistryCredentials credentials = RegistryCredentials.ofDockerConfig(
                "test",
                ("{\"auths\":{\"" + host + "\":{\"username\":\"me\",\"password\":\"" + password + "\"}}}")
                        .getBytes(UTF_8));
        return new RegistryClient(
                        new RegistrySettings(Map.of(), Set.of(host), Optional.empty(), Duration.ofSeconds(20)))
                .source(ImageReference.parse(host + "/team/agent:1"), credentials);
    }

    @Test
    void givesAnImageWholeAndInPart() throws Exception {
        TestImage image = new TestImage().layer(Digest.of(LAYER), LAYER).built();
        push(image);
        ContentDescriptor layer = new ContentDescriptor("", Digest.of(LAYER), LAYER.length);

        ImageSource source = source("secret");
        assertThat(Digest.of(source.manifest("1").content())).isEqualTo(image.manifest());
        assertThat(source.manifest(image.manifest().toString()).declared())
                .contains(ImageDocuments.manifestTypes().get(1));
        for (int offset : new int[] {0, 20}) {
            try (GivenContent content = source.content(layer, offset)) {
                assertThat(content.offset()).isEqualTo(offset);
                assertThat(content.stream().readAllBytes()).isEqualTo(Arrays.copyOfRange(LAYER, offset, LAYER.length));
            }
        }
        assertThatThrownBy(() -> source.manifest("2")).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> source("wrong").manifest("1")).hasMessageContaining("user 'me'");
    }
}
