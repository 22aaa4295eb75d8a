package dev.agentcontainers.cli.process;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A program of this machine with its arguments. Immutable. */
public record ExternalCommand(List<String> line, Map<String, String> environment) {
    /**
     * What came of a command that ran to its end.
     *
     * @param output standard output and error as they came
     */
    public record Outcome(int exitCode, String output) {
        public boolean succeeded() {
            return exitCode == 0;
        }
    }

    public static ExternalCommand of(String... line) {
        return new ExternalCommand(List.of(line), Map.of());
    }

    /** The same command with further arguments. */
    public ExternalCommand with(List<String> arguments) {
        List<String> longer = new ArrayList<>(line);
        longer.addAll(arguments);
        return new ExternalCommand(List.copyOf(longer), environment);
    }

    /** The same command with variables added to the environment. */
    public ExternalCommand withEnvironment(Map<String, String> variables) {
        return new ExternalCommand(line, variables);
    }

    /**
     * Runs it and returns its output.
     *
     * @throws UserException with the output when it ends with another exit code than 0
     */
    public String run() {
        Outcome outcome = attempt();
        if (!outcome.succeeded()) {
            throw new UserException("'" + this + "' ended with exit code " + outcome.exitCode() + ": "
                    + outcome.output().strip());
        }
        return outcome.output();
    }

    /** Runs it, whatever its exit code. */
    public Outcome attempt() {
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), output);
        } catch (IOException e) {
            throw new UserException("'" + this + "' could not be run: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("interrupted while running '" + this + "'", 130);
        }
    }

    @Override
    public String toString() {
        return String.join(" ", line);
    }
}
