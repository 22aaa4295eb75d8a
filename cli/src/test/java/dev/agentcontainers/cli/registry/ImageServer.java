package dev.agentcontainers.cli.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.BasicAuthenticator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A registry on the loopback address with one image, {@code team/agent:1}: programs of this machine with their libraries, and a
 * file that says so. It has no TLS.
 */
public final class ImageServer implements AutoCloseable {
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");
    private static final String PREFIX = "/v2/team/agent/";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final Map<String, byte[]> content = new ConcurrentHashMap<>();
    private final String digest;

    private ImageServer(Path folder, Optional<String> password) throws IOException, InterruptedException {
        byte[] layer = layer(folder);
        byte[] configuration = json(Map.of(
                "os",
                "linux",
                "architecture",
                System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64",
                "config",
                Map.of("Env", List.of("FROM=image"), "Cmd", List.of("/bin/cat", "/etc/made-for"), "User", "1000:1000"),
                "rootfs",
                Map.of("type", "layers", "diff_ids", List.of(digestOf(layer)))));
        byte[] manifest = json(Map.of(
                "schemaVersion",
                2,
                "mediaType",
                "application/vnd.oci.image.manifest.v1+json",
                "config",
                described("application/vnd.oci.image.config.v1+json", configuration),
                "layers",
                List.of(described("application/vnd.oci.image.layer.v1.tar", layer))));
        digest = digestOf(manifest);
        content.put("manifests/1", manifest);
        content.put("manifests/" + digest, manifest);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        var context = server.createContext(PREFIX, this::answer);
        password.ifPresent(wanted -> context.setAuthenticator(new BasicAuthenticator("test") {
            @Override
            public boolean checkCredentials(String user, String given) {
                return user.equals("me") && given.equals(wanted);
            }
        }));
        server.start();
    }

    /** @param folder for what the image is made of */
    public static ImageServer start(Path folder) throws IOException, InterruptedException {
        return new ImageServer(folder, Optional.empty());
    }

    /** One that only lets the user {@code me} in. */
    public static ImageServer start(Path folder, String password) throws IOException, InterruptedException {
        return new ImageServer(folder, Optional.of(password));
    }

    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    public String image() {
        return host() + "/team/agent:1";
    }

    /** Of the image's manifest. */
    public String digest() {
        return digest;
    }

    /** Writes how the registry is reached. */
    public Path registries(Path file) throws IOException {
        return Files.writeString(file, "plainHttp: ['" + host() + "']\n");
    }

    private Map<String, Object> described(String type, byte[] document) {
        content.put("blobs/" + digestOf(document), document);
        return Map.of("mediaType", type, "digest", digestOf(document), "size", document.length);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] found = content.get(exchange.getRequestURI().getPath().substring(PREFIX.length()));
            if (found == null) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                exchange.getResponseHeaders().add("Content-Type", "application/vnd.oci.image.manifest.v1+json");
                exchange.sendResponseHeaders(200, found.length);
                exchange.getResponseBody().write(found);
            }
        }
    }

    private static byte[] layer(Path folder) throws IOException, InterruptedException {
        Path root = Files.createDirectories(folder.resolve("image-root"));
        for (String program : List.of("/bin/sh", "/bin/cat", "/usr/bin/id", "/bin/ls", "/bin/sleep", "/usr/bin/env")) {
            copy(program, root);
            Matcher libraries = LIBRARY.matcher(outputOf(List.of("ldd", program)));
            while (libraries.find()) {
                copy(libraries.group(1), root);
            }
        }
        Files.createDirectories(root.resolve("etc"));
        Files.writeString(root.resolve("etc/made-for"), "an agent\n");
        Path archive = folder.resolve("layer.tar");
        outputOf(List.of("tar", "-C", root.toString(), "--owner=0", "--group=0", "-cf", archive.toString(), "."));
        return Files.readAllBytes(archive);
    }

    private static void copy(String file, Path root) throws IOException {
        Path target = Path.of(root + file);
        Files.createDirectories(target.getParent());
        if (!Files.exists(target)) {
            Files.copy(Path.of(file).toRealPath(), target, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private static String outputOf(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    private static byte[] json(Object value) throws IOException {
        return JSON.writeValueAsBytes(value);
    }

    private static String digestOf(byte[] content) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
