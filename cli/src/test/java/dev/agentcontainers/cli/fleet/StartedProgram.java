package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/**
 * A program of a fleet as it was started, so that a test can start it again, in the same way or in another. Reads from
 * the running process how it was started; so a test need not know.
 */
record StartedProgram(FleetProcess process, List<String> command, Map<String, String> environment) {
    private static final String MAIN_CLASS = "io.quarkus.runner.GeneratedMain";

    /** The process as it runs. */
    static StartedProgram of(FleetProcess process) throws IOException {
        Path entry = Path.of("/proc", Long.toString(process.find().orElseThrow().pid()));
        Map<String, String> environment = new HashMap<>();
        for (String variable : words(entry.resolve("environ"))) {
            int equals = variable.indexOf('=');
            environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        List<String> command = new ArrayList<>(words(entry.resolve("cmdline")));
        // Is put in again at its start.
        command.removeIf(word -> word.startsWith("-Dagentcontainers.fleet.folder="));
        return new StartedProgram(process, List.copyOf(command), Map.copyOf(environment));
    }

    private static List<String> words(Path file) throws IOException {
        return Arrays.stream(Files.readString(file).split("\0"))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    StartedProgram withEnvironment(Map<String, String> variables) {
        Map<String, String> more = new HashMap<>(environment);
        more.putAll(variables);
        return new StartedProgram(process, command, Map.copyOf(more));
    }

    /** The same program, begun by another main class, which is given the name of its own; its jar stands behind the program's. */
    StartedProgram begunBy(String mainClass, Path jar) {
        List<String> words = new ArrayList<>(command);
        int at = words.indexOf("-jar");
        assertThat(at).as("%s", words).isPositive();
        words.set(at, "-cp");
        // A cache is of the class path that it was made with, which may be longer at its end.
        words.set(at + 1, words.get(at + 1) + ":" + jar);
        words.addAll(at + 2, List.of(mainClass, MAIN_CLASS));
        return new StartedProgram(process, List.copyOf(words), environment);
    }

    void start() {
        assertThat(process.start(command, environment))
                .as("%s was started", process.name())
                .isTrue();
    }

    /** Waits until the process is dead and starts the next. */
    void startAgainAfter(ProcessHandle dead) {
        awaitDeath(dead);
        start();
    }

    void awaitDeath(ProcessHandle dead) {
        Awaitility.await(process.name() + " is dead")
                .atMost(Duration.ofSeconds(60))
                .until(() -> !dead.isAlive());
    }

    ProcessHandle running() {
        process.requireAlive();
        return process.find().orElseThrow();
    }
}
