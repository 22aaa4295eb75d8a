package dev.agentcontainers.cli.demo;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A site of the test outside this machine as far as an agent can tell, at port 8080, and a resolver that says its address for
 * every name and writes down each name that it was asked for.
 */
public final class NamedSite implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final String SERVER = """
            import http.server, sys
            http.server.HTTPServer((sys.argv[2], int(sys.argv[3])), http.server.SimpleHTTPRequestHandler).serve_forever()
            """;

    private static final String RESOLVER = """
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0))
            print(s.getsockname()[1], flush=True)
            while True:
                q, peer = s.recvfrom(512)
                name = q[12:q.index(b"\\0", 12)]
                print("asked", name, flush=True)
                end = 12 + len(name) + 5
                s.sendto(q[:2] + b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0" + q[12:end]
                         + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton(sys.argv[1]), peer)
            """;

    private final DemoService service;
    private final Process resolver;
    private final Path said;

    private NamedSite(DemoService service, Process resolver, Path said) {
        this.service = service;
        this.resolver = resolver;
        this.said = said;
    }

    /** @param folder gets the programs and what they say */
    public static NamedSite start(DemoService service, Path folder) throws IOException {
        Path server = folder.resolve("server.py");
        Files.writeString(server, SERVER);
        Path said = folder.resolve("resolver.log");
        Process resolver = new ProcessBuilder("python3", "-c", RESOLVER, service.address())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(said.toFile())
                .start();
        NamedSite site = new NamedSite(service, resolver, said);
        try {
            service.start(server, folder);
            await().atMost(PATIENCE).until(() -> site.said().contains("\n"));
        } catch (RuntimeException e) {
            site.close();
            throw e;
        }
        return site;
    }

    /** The resolver, as settings and flags have it. */
    public String upstream() throws IOException {
        return "127.0.0.1:" + Files.readAllLines(said).getFirst();
    }

    /** The resolver's port and what it was asked for. */
    public String said() throws IOException {
        return Files.readString(said);
    }

    @Override
    public void close() {
        resolver.destroy();
        service.stop();
    }
}
