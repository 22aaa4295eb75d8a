package dev.agentcontainers.cli.terminal;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** One line that is written again and again until it is closed, of which nothing is left then. Thread-safe. */
public final class ProgressLine implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(200);
    private static final String CLEAR = "\r\033[K";

    private final PrintWriter out;
    private final boolean shown;
    private final ScheduledExecutorService painter =
            Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().factory());

    /**
     * @param shown whether somebody looks; nothing is written of the line where not
     * @param line what it says now, asked for on a thread of its own
     */
    public ProgressLine(PrintWriter out, boolean shown, Supplier<String> line) {
        this.out = out;
        this.shown = shown;
        if (shown) {
            painter.scheduleWithFixedDelay(
                    () -> write(CLEAR + "  " + line.get()),
                    INTERVAL.toMillis(),
                    INTERVAL.toMillis(),
                    TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void write(String text) {
        out.print(text);
        out.flush();
    }

    /** A line that stays, above this one. */
    public void above(String text) {
        write((shown ? CLEAR : "") + text + System.lineSeparator());
    }

    @Override
    public void close() {
        painter.shutdownNow();
        painter.close();
        if (shown) {
            write(CLEAR);
        }
    }
}
