package dev.agentcontainers.localcluster.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A program with fixed leading arguments and environment, run to its end. Not for secrets: output stands in failures.
 *
 * @param environment added to this process's own
 */
public record ExternalProgram(Path program, List<String> leading, Map<String, String> environment) {

    public ExternalProgram {
        leading = List.copyOf(leading);
        environment = Map.copyOf(environment);
    }

    /** How it ended; the output holds the error stream too. */
    public record Result(int exitCode, String output) {}

    /**
     * Standard output and error.
     *
     * @throws IllegalStateException with both where the program fails
     */
    public String run(String... arguments) {
        Result result = attempt(arguments);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("%s %s ended with %d:%n%s"
                    .formatted(program.getFileName(), String.join(" ", arguments), result.exitCode(), result.output()));
        }
        return result.output();
    }

    /** As {@link #run}, but failing is a result too. */
    public Result attempt(String... arguments) {
        return attemptWithInput("", arguments);
    }

    /** As {@link #attempt}, with something on the standard input. */
    public Result attemptWithInput(String input, String... arguments) {
        List<String> line = new ArrayList<>(List.of(program.toString()));
        line.addAll(leading);
        line.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + line, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + line, e);
        }
    }
}
