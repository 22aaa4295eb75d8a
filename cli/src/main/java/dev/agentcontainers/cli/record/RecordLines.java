package dev.agentcontainers.cli.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The lines of a stream one by one. However long a line is, no more than a bounded part of it is kept. Used by one thread. */
final class RecordLines {
    /** Our longest have a hundred addresses. */
    static final int LONGEST = 256 * 1024;

    private final InputStream input;
    private final byte[] buffer = new byte[64 * 1024];
    private int next;
    private int filled;

    /**
     * A line.
     *
     * @param text without its end
     * @param ended whether it has one: the last may be half written
     * @param cut whether it was longer than any of the record
     */
    record Line(String text, boolean ended, boolean cut) {}

    RecordLines(InputStream input) {
        this.input = input;
    }

    /** The next line; empty at the end. */
    Optional<Line> next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean cut = false;
        boolean any = false;
        while (fill()) {
            any = true;
            int end = next;
            while (end < filled && buffer[end] != '\n') {
                end++;
            }
            int fits = Math.min(end - next, LONGEST - line.size());
            line.write(buffer, next, fits);
            cut |= fits < end - next;
            boolean ended = end < filled;
            next = ended ? end + 1 : end;
            if (ended) {
                return Optional.of(new Line(line.toString(StandardCharsets.UTF_8), true, cut));
            }
        }
        return any ? Optional.of(new Line(line.toString(StandardCharsets.UTF_8), false, cut)) : Optional.empty();
    }

    private boolean fill() throws IOException {
        if (next < filled) {
            return true;
        }
        next = 0;
        filled = Math.max(0, input.read(buffer));
        return filled > 0;
    }
}
