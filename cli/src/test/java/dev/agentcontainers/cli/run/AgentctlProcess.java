package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** agentctl as a process of its own, so that it can be signalled, with its two output streams in files. */
final class AgentctlProcess {
    private static final long PATIENCE_SECONDS = 120;

    private final Process process;
    private final Path output;
    private final Path errorOutput;

    private AgentctlProcess(Process process, Path output, Path errorOutput) {
        this.process = process;
        this.output = output;
        this.errorOutput = errorOutput;
    }

    /** By its launcher, as users start it. */
    static AgentctlProcess run(Path folder, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(
                List.of(Path.of(System.getProperty("project.root"), "agentctl").toString(), "run"));
        line.addAll(List.of(arguments));
        return start(line, Map.of("AGENTCTL_NO_BUILD", "yes"), "", folder);
    }

    /**
     * How it is started.
     *
     * @param before what comes before java on the command line, to become another user for example
     * @param input for its standard input
     */
    record Launch(List<String> before, String classPath, Map<String, String> environment, String input) {}

    static AgentctlProcess start(Launch launch, Path folder, List<String> arguments) throws IOException {
        List<String> line = new ArrayList<>(launch.before());
        line.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                launch.classPath(),
                "dev.agentcontainers.cli.Agentctl"));
        line.addAll(arguments);
        return start(line, launch.environment(), launch.input(), folder);
    }

    private static AgentctlProcess start(
            List<String> command, Map<String, String> environment, String input, Path folder) throws IOException {
        // Whoever starts the tests in the background may have interrupts ignored, which is passed on.
        List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.addAll(command);
        Path output = Files.createTempFile("agentctl", ".out");
        Path errorOutput = Files.createTempFile("agentctl", ".err");
        Path inputFile = Files.createTempFile("agentctl", ".in");
        Files.writeString(inputFile, input);
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().putAll(environment);
        Process process = builder.directory(folder.toFile())
                .redirectInput(inputFile.toFile())
                .redirectOutput(output.toFile())
                .redirectError(errorOutput.toFile())
                .start();
        return new AgentctlProcess(process, output, errorOutput);
    }

    /** Waits for its end; the exit code. */
    int await() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("ended: %s", this)
                .isTrue();
        return process.exitValue();
    }

    /** Waits until its output is that; fails where it ends before. */
    void awaitOutput(String text) {
        Awaitility.await().atMost(PATIENCE_SECONDS, TimeUnit.SECONDS).until(() -> {
            boolean alive = process.isAlive();
            boolean there = output().equals(text);
            assertThat(alive || there).as("ended too early: %s", this).isTrue();
            return there;
        });
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal by its name, as a terminal or a supervisor does. */
    void signal(String name) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
    }

    String output() {
        return read(output);
    }

    String errorOutput() {
        return read(errorOutput);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "output: " + output() + "\nerrors: " + errorOutput();
    }
}
