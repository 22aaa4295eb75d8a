package dev.agentcontainers.cli.top;

import dev.agentcontainers.cli.terminal.UserException;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How it is shown: options of agents and nodes alike. */
public final class TopOptions {
    /** Nodes look once in ten seconds by themselves, and at once when they are asked. */
    private static final Duration AGAIN = Duration.ofSeconds(5);

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            defaultValue = "text",
            description = "Form: text or json (an object on each line). Default: ${DEFAULT-VALUE}.")
    private String output = "text";

    @Option(
            names = {"-w", "--watch"},
            description = "Show it again each five seconds, until interrupted.")
    private boolean watch;

    /** What shows it once, with the exit code. */
    @FunctionalInterface
    interface Show {
        int once() throws InterruptedException;
    }

    /** @throws UserException where the form is none */
    boolean json() {
        if (!output.equals("text") && !output.equals("json")) {
            throw new UserException("top: -o must be text or json, but is '%s'".formatted(output), 2);
        }
        return output.equals("json");
    }

    /** Once, or again and again as long as somebody reads. */
    int show(Show show) throws InterruptedException {
        int code = show.once();
        while (watch && !System.out.checkError()) {
            Thread.sleep(AGAIN);
            if (!json()) {
                System.out.println();
            }
            code = show.once();
        }
        return code;
    }
}
