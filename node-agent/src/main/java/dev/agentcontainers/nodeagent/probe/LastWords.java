package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The beginning of what a program says, which is read to its end so that it never waits for a reader. */
final class LastWords {
    /** More than is ever shown. */
    private static final int KEPT = 1024;

    private static final int PIECE = 8 * 1024;

    private final byte[] kept = new byte[KEPT];
    private int length;
    private List<Thread> readers = List.of();

    private LastWords() {}

    static LastWords of(ExecSession session) {
        LastWords words = new LastWords();
        words.readers = Stream.of(session.standardError(), session.standardOutput())
                .map(stream -> Thread.ofVirtual().name("probe output").start(() -> words.read(stream)))
                .toList();
        return words;
    }

    private void read(InputStream stream) {
        byte[] piece = new byte[PIECE];
        try {
            for (int count = stream.read(piece); count >= 0; count = stream.read(piece)) {
                keep(piece, count);
            }
        } catch (IOException e) {
            // The session is closed.
        }
    }

    private synchronized void keep(byte[] piece, int count) {
        int taken = Math.min(count, KEPT - length);
        System.arraycopy(piece, 0, kept, length, taken);
        length += taken;
    }

    /** What has come when both streams are at their end, or after that time; with what leads it in, or empty. */
    String within(Duration patience) throws InterruptedException {
        for (Thread reader : readers) {
            if (!reader.join(patience)) {
                break;
            }
        }
        synchronized (this) {
            String said = BoundedAttempt.text(new String(kept, 0, length, StandardCharsets.UTF_8));
            return said.isEmpty() ? "" : ": " + said;
        }
    }
}
