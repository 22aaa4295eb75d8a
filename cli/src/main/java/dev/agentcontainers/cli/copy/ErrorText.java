package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.terminal.Printable;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The first of what a program in an agent writes to its standard error. For one thread. */
final class ErrorText extends OutputStream {
    private static final int MOST = 8 << 10;
    private static final int MOST_LINES = 8;
    private static final int LONGEST_LINE = 400;

    private final ByteArrayOutputStream first = new ByteArrayOutputStream();

    @Override
    public void write(int one) {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) {
        first.write(source, offset, Math.min(length, MOST - first.size()));
    }

    /** Fit for a terminal. */
    List<String> lines() {
        return text().lines()
                .filter(line -> !line.isBlank())
                .limit(MOST_LINES)
                .map(line -> Printable.text(line, LONGEST_LINE))
                .toList();
    }

    /** Whether that is said anywhere. */
    boolean says(String text) {
        return text().contains(text);
    }

    /** Whether a runtime said that the program is not there to be run, in the words of crun, runc or runsc. */
    boolean saysThatThereIsNo(String program) {
        return text().lines()
                .filter(line -> !line.startsWith(program + ":"))
                .anyMatch(line -> line.contains("executable") && line.contains(program));
    }

    private String text() {
        return first.toString(StandardCharsets.UTF_8);
    }
}
