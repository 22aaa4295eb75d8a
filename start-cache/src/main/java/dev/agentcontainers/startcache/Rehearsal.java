package dev.agentcontainers.startcache;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Starts a program as it will be started, with a stand-in for the API server, until it says that it is ready, and ends it.
 * At its exit the JVM writes what it has loaded and linked. A program that does not become ready is ended all the same:
 * most of its start has been seen by then.
 *
 * <p>Arguments: role, folder for its files, the cache to make, java, jar, JVM options.
 */
final class Rehearsal {
    private static final Duration READY_WITHIN = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final int DUMPED_WITHIN_SECONDS = 120;
    private static final int FIXED_ARGUMENTS = 5;

    private Rehearsal() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> words = List.of(arguments);
        Path scratch = Path.of(words.get(1));
        Path cache = Path.of(words.get(2));
        Program program = new Program(
                Program.Role.named(words.get(0)),
                Path.of(words.get(3)),
                words.subList(FIXED_ARGUMENTS, words.size()),
                Path.of(words.get(4)));
        try (ApiServerStandIn apiServer = ApiServerStandIn.start(scratch)) {
            int port = freePort();
            ProcessBuilder builder = new ProcessBuilder(program.command("-XX:AOTCacheOutput=" + cache)).inheritIO();
            builder.environment().putAll(environment(program.role(), scratch, apiServer.kubeconfig(), port));
            builder.redirectInput(
                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            Process process = builder.start();
            Thread.ofPlatform().daemon().start(() -> endWithParent(process));
            try {
                awaitReady(process, port);
                process.destroy();
                if (!process.waitFor(DUMPED_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                    System.err.println("the program did not end");
                }
            } finally {
                process.destroyForcibly();
            }
        }
        System.exit(Files.exists(cache) ? 0 : 1);
    }

    /** Who has asked for this holds the other end of the standard input for as long as it waits. */
    private static void endWithParent(Process process) {
        try {
            while (System.in.read() >= 0) {
                // Nothing is ever written.
            }
        } catch (IOException e) {
            // Closed too.
        }
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        Runtime.getRuntime().halt(1);
    }

    private static Map<String, String> environment(Program.Role role, Path scratch, Path kubeconfig, int port) {
        Map<String, String> environment = new HashMap<>();
        switch (role) {
            case OPERATOR -> {
                environment.put("KUBECONFIG", kubeconfig.toString());
                environment.put("QUARKUS_HTTP_HOST", "127.0.0.1");
                environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
                environment.put("AGENTCONTAINERS_OPERATOR_LEADER_NAMESPACE", ApiServerStandIn.NAMESPACE);
            }
            case NODE_AGENT -> {
                environment.put("AGENTCONTAINERS_NODE_NAME", ApiServerStandIn.NODE);
                environment.put("AGENTCONTAINERS_NODE_KUBECONFIG", kubeconfig.toString());
                environment.put(
                        "AGENTCONTAINERS_NODE_STATE_DIRECTORY",
                        scratch.resolve("state").toString());
                environment.put(
                        "AGENTCONTAINERS_NODE_RUN_DIRECTORY",
                        scratch.resolve("run").toString());
                environment.put("AGENTCONTAINERS_NODE_HTTP_PORT", Integer.toString(port));
            }
        }
        return environment;
    }

    private static void awaitReady(Process process, int port) throws InterruptedException {
        HttpRequest health = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/ready"))
                .build();
        long end = System.nanoTime() + READY_WITHIN.toNanos();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (process.isAlive() && System.nanoTime() < end) {
                try {
                    if (client.send(health, HttpResponse.BodyHandlers.discarding())
                                    .statusCode()
                            == 200) {
                        return;
                    }
                } catch (IOException e) {
                    // It does not listen yet.
                }
                process.waitFor(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
