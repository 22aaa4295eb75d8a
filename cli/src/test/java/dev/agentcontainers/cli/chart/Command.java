package dev.agentcontainers.cli.chart;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A program with fixed leading arguments and environment; not safe for secrets: output stands in failures. */
record Command(Path program, List<String> leading, Map<String, String> environment) {

    record Result(int exitCode, String output) {}

    /** Standard output and error, or a failure of the test that shows them. */
    String run(String... arguments) {
        Result result = attempt(arguments);
        if (result.exitCode() != 0) {
            throw new AssertionError("%s %s ended with %d:%n%s"
                    .formatted(program.getFileName(), String.join(" ", arguments), result.exitCode(), result.output()));
        }
        return result.output();
    }

    Result attempt(String... arguments) {
        return attemptWithInput("", arguments);
    }

    Result attemptWithInput(String input, String... arguments) {
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
            throw new AssertionError("cannot run " + line, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + line, e);
        }
    }
}
