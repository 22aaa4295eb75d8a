package dev.agentcontainers.bench.statuspath;

import java.util.Optional;
import java.util.function.Supplier;

/** Waits for something that nothing announces. */
final class Waiting {
    private static final long PATIENCE_NANOS = 120_000_000_000L;
    private static final int PAUSE_MILLIS = 100;

    private Waiting() {}

    static <T> T until(String what, Supplier<Optional<T>> look) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < end) {
            Optional<T> found = look.get();
            if (found.isPresent()) {
                return found.get();
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        throw new IllegalStateException("waited in vain until " + what);
    }
}
