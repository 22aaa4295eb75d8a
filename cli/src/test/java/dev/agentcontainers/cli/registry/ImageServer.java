package dev.agentcontainers.cli.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.BasicAuthenticator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.agentcontainers.cli.image.SmallImage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private final HttpServer server;
    private final Map<String, byte[]> content = new ConcurrentHashMap<>();
    private final String digest;

    private ImageServer(Path folder, Optional<String> password) throws IOException, InterruptedException {
        SmallImage image = new SmallImage(
                layer(folder),
                Map.of("Env", List.of("FROM=image"), "Cmd", List.of("/bin/cat", "/etc/made-for"), "User", "1000:1000"));
        digest = image.digest().toString();
        image.blobs.forEach((blob, bytes) -> content.put("blobs/" + blob, bytes));
        content.put("manifests/1", image.manifest);
        content.put("manifests/" + digest, image.manifest);
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

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] found = content.get(exchange.getRequestURI().getPath().substring(PREFIX.length()));
            if (found == null) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                exchange.getResponseHeaders().add("Content-Type", SmallImage.MANIFEST);
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

    @Override
    public void close() {
        server.stop(0);
    }
}
