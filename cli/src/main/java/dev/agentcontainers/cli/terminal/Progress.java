package dev.agentcontainers.cli.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;

/** Says on standard error which step of long work is under way, and how long each took. Used by one thread. */
public final class Progress {
    private final PrintStream out;

    public Progress(PrintStream out) {
        this.out = out;
    }

    /** A piece of work that may fail. */
    @FunctionalInterface
    public interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /** Runs the work between a line that announces it and one that says how long it took. */
    public <T, E extends Exception> T step(String name, Work<T, E> work) throws E {
        out.print("• " + name + " … ");
        out.flush();
        Instant start = Instant.now();
        boolean done = false;
        try {
            T result = work.run();
            done = true;
            return result;
        } finally {
            out.println((done ? "done in " : "failed after ") + seconds(Duration.between(start, Instant.now())));
        }
    }

    /** A line of its own, for work that reports in pieces. */
    public void note(String text) {
        out.println("  " + text);
    }

    private static String seconds(Duration duration) {
        return String.format("%.1f s", duration.toMillis() / 1000.0);
    }
}
