package dev.agentcontainers.cli.fleet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** agentctl as its users start it: a program of its own, with standard streams. */
final class AgentctlRun {
    private static final long PATIENCE_SECONDS = 120;

    private final Process process;
    private final CompletableFuture<String> output;
    private final CompletableFuture<String> errors;

    private AgentctlRun(Process process) {
        this.process = process;
        this.output = read(process.getInputStream());
        this.errors = read(process.getErrorStream());
    }

    /** What came of it. */
    record Result(int exitCode, String output, String errors) {}

    /** The command line that starts it without its launcher and the cache that the launcher made. */
    static List<String> commandLine() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-jar",
                Path.of(System.getProperty("project.root"), "cli/target/agentctl.jar")
                        .toString());
    }

    static AgentctlRun start(Map<String, String> environment, List<String> arguments) {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("project.root"), "agentctl").toString());
        line.addAll(arguments);
        Map<String, String> variables = new HashMap<>(environment);
        variables.putIfAbsent("AGENTCTL_NO_BUILD", "yes");
        variables.putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        return startProgram(variables, line);
    }

    /** Another program, which may start agentctl. */
    static AgentctlRun startProgram(Map<String, String> environment, List<String> line) {
        ProcessBuilder builder = new ProcessBuilder(line);
        Map<String, String> variables = new HashMap<>(environment);
        variables.putIfAbsent("AGENTCTL_ROOT", System.getProperty("project.root"));
        builder.environment().remove("KUBECONFIG");
        builder.environment().putAll(variables);
        try {
            return new AgentctlRun(builder.start());
        } catch (IOException e) {
            throw new AssertionError("can't start " + line, e);
        }
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    AgentctlRun write(String text) {
        try {
            process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            return this;
        } catch (IOException e) {
            throw new AssertionError("its standard input takes nothing", e);
        }
    }

    AgentctlRun endInput() {
        try {
            process.getOutputStream().close();
            return this;
        } catch (IOException e) {
            throw new AssertionError("its standard input can't be closed", e);
        }
    }

    Result await() {
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("it has not ended within " + PATIENCE_SECONDS + " s; output " + output.join()
                        + ", errors " + errors.join());
            }
            return new Result(process.exitValue(), output.join(), errors.join());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    private static CompletableFuture<String> read(java.io.InputStream stream) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try (stream) {
                        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
                    } catch (IOException e) {
                        return "unreadable: " + e.getMessage();
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }
}
