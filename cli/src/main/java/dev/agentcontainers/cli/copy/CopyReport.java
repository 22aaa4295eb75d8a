package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.ProgressLine;
import dev.agentcontainers.cli.terminal.Rate;
import java.io.PrintWriter;

/** What becomes of a copy, for who looks: a line while it goes on, and whatever was left out. Thread-safe. */
final class CopyReport implements AutoCloseable {
    /** An agent can have any number of them. */
    private static final int MOST_WARNINGS = 20;

    private static final int LONGEST = 300;

    private final Rate rate = new Rate(System::nanoTime);
    private final ProgressLine line;
    private final PrintWriter out;
    private final boolean shown;
    private long files;
    private long bytes;
    private long leftOut;
    private boolean closed;

    /** @param shown whether somebody looks */
    CopyReport(PrintWriter out, boolean shown) {
        this.out = out;
        this.shown = shown;
        this.line = new ProgressLine(out, shown, this::line);
    }

    synchronized void content(long count) {
        bytes += count;
    }

    synchronized void file() {
        files++;
    }

    /** Something is not copied, and the rest goes on. */
    void leftOut(String name, String why) {
        if (countLeftOut() <= MOST_WARNINGS) {
            line.above("agentctl: left out '%s': %s".formatted(Printable.text(name, LONGEST), why));
        }
    }

    /** The same by the word of an agent's tar, which names it in its own way; fit for a terminal. */
    void leftOutThere(String agent, String line) {
        if (countLeftOut() <= MOST_WARNINGS) {
            this.line.above("agentctl: left out in %s: %s".formatted(agent, line));
        }
    }

    private synchronized long countLeftOut() {
        return ++leftOut;
    }

    /** How many were left out. */
    synchronized long leftOut() {
        return leftOut;
    }

    /** For example {@code 12 files, 48.1 MiB, 10.2 MiB/s}. */
    private synchronized String line() {
        return "%s, %s/s".formatted(amounts(), ByteCount.text(rate.perSecond(bytes)));
    }

    private String amounts() {
        return "%s, %s".formatted(files == 1 ? "1 file" : files + " files", ByteCount.text(bytes));
    }

    /** Says at the end how much it was, where somebody looks, and how much not. */
    void finish() {
        // Waits for who asks what the line says, so that it must not hold this one's lock.
        line.close();
        summarise(shown);
    }

    private synchronized void summarise(boolean whole) {
        if (closed) {
            return;
        }
        closed = true;
        if (leftOut > MOST_WARNINGS) {
            out.println("agentctl: left out %d more".formatted(leftOut - MOST_WARNINGS));
        }
        if (whole) {
            out.println("%s in %.1f s".formatted(amounts(), rate.seconds()));
        }
        out.flush();
    }

    /** Without {@link #finish()} it says only how many more were left out. */
    @Override
    public void close() {
        line.close();
        summarise(false);
    }
}
