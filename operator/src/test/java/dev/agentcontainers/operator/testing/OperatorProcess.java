package dev.agentcontainers.operator.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The operator as it is shipped, in a process of its own, with its own rights. */
public final class OperatorProcess implements AutoCloseable {
    private static final Pattern EPOCH = Pattern.compile("Leading with epoch (\\d+)");
    private static final int LINES_SHOWN = 80;
    private static final int LINE_SHOWN = 1_000;
    /** In the names of logs, so that no start takes the log of another. */
    private static final AtomicInteger COUNT = new AtomicInteger();

    private static final List<OperatorProcess> STARTED = new CopyOnWriteArrayList<>();

    private final String name;
    private final Process process;
    private final int port;
    private final Path log;
    private volatile String fate = "";

    private OperatorProcess(String name, Process process, int port, Path log) {
        this.name = name;
        this.process = process;
        this.port = port;
        this.log = log;
    }

    public static OperatorProcess start(TestCluster cluster, String name) {
        return start(cluster, name, List.of());
    }

    public static OperatorProcess start(TestCluster cluster, String name, List<String> settings) {
        List<String> all = new ArrayList<>(settings);
        all.add("agentcontainers.operator.leader.namespace=" + TestCluster.SYSTEM_NAMESPACE);
        return start(
                name, all, Map.of("KUBECONFIG", cluster.operatorKubeconfig().toString()), List.of());
    }

    /**
     * Starts the program.
     *
     * @param name of its log
     * @param settings system properties, each {@code name=value}
     * @param environment added to this process's own
     * @param arguments of the program
     */
    public static OperatorProcess start(
            String name, List<String> settings, Map<String, String> environment, List<String> arguments) {
        try {
            Path target = TestCluster.projectRoot().resolve("operator/target");
            Path log = Files.createDirectories(target.resolve("operator-logs"))
                    .resolve("%s-%d-%d.log"
                            .formatted(name, ProcessHandle.current().pid(), COUNT.incrementAndGet()));
            int port = freePort();
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-Dquarkus.http.port=" + port,
                    "-Dkubernetes.user.agent=" + userAgent(name)));
            settings.forEach(setting -> command.add("-D" + setting));
            command.add("-jar");
            command.add(runner(target).toString());
            command.addAll(arguments);
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            builder.redirectErrorStream(true).redirectOutput(log.toFile());
            OperatorProcess started = new OperatorProcess(name, builder.start(), port, log);
            STARTED.add(started);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The operators that run or were started since {@link #forgetStopped}, in the order of their start. */
    static List<OperatorProcess> started() {
        return List.copyOf(STARTED);
    }

    static void forgetStopped() {
        STARTED.removeIf(operator -> !operator.fate.isEmpty());
    }

    /** What became of it, for a failure's report: whether it runs or how it has ended, and the end of its log. */
    public String describe() {
        String state = !fate.isEmpty()
                ? fate
                : process.isAlive() ? "runs" : "has ended by itself with exit code " + process.exitValue();
        List<String> lines = log().lines().toList();
        String end = lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()).stream()
                .map(line -> line.length() > LINE_SHOWN ? line.substring(0, LINE_SHOWN) + " …" : line)
                .collect(Collectors.joining("\n"));
        return "operator %s (process %d) %s; the end of %s:%n%s".formatted(name, process.pid(), state, log, end);
    }

    /** How the audit log names the operator that was started under that name. */
    public static String userAgent(String name) {
        return "operator-of-test-" + name;
    }

    public void signal(String name) {
        try {
            int code = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IllegalStateException("kill -%s %d: %d".formatted(name, process.pid(), code));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Waits until the program ends by itself. */
    public int awaitExit(Duration within) {
        try {
            if (!process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("still running after " + within + ":\n" + log());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public int exitCode() {
        return process.exitValue();
    }

    public String get(String path) {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean leads() {
        return log().contains("Leading with epoch");
    }

    /** The epoch that it leads with. */
    public long epoch() {
        Matcher matcher = EPOCH.matcher(log());
        if (!matcher.find()) {
            throw new IllegalStateException("it does not lead");
        }
        return Long.parseLong(matcher.group(1));
    }

    @Override
    public void close() {
        if (fate.isEmpty()) {
            fate = process.isAlive()
                    ? "was stopped by the test"
                    : "had ended by itself with exit code %d".formatted(process.exitValue());
        }
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static Path runner(Path target) throws IOException {
        try (Stream<Path> files = Files.list(target)) {
            return files.filter(file -> file.getFileName().toString().endsWith("-runner.jar"))
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalStateException("The operator isn't packaged: no *-runner.jar in " + target));
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
