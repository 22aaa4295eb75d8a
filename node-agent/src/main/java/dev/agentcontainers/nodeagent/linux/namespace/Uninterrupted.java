package dev.agentcontainers.nodeagent.linux.namespace;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * Waits for work on another thread, never leaving it alone: half-made things must not appear behind the back of whoever
 * cleans up.
 */
public final class Uninterrupted {
    private Uninterrupted() {}

    /**
     * The work's result, even when the calling thread is interrupted meanwhile; it stays interrupted.
     *
     * @throws IOException what the work threw, wrapped where it is neither that nor unchecked
     */
    public static <T> T await(Future<T> work) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return work.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IOException(e);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
