package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * Locks by name that hold between threads and between processes, and that the kernel lets go of with the process: ranges of
 * one file, at places that the names' hashes say, so that no name leaves a file behind. The kernel lets go of all of them
 * when any channel of the file is closed, so a process has one of these for a file
 * ({@link SharedStore}). Thread-safe.
 */
final class NamedLocks implements Closeable {
    private static final Duration BETWEEN_TRIES = Duration.ofMillis(20);

    private final FileChannel file;

    /** Does what is done with the file: a channel is closed, and all locks with it, where an interrupted thread uses it. */
    private final ExecutorService keeper = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("image locks").factory());

    private final Set<String> held = new HashSet<>();

    NamedLocks(Path file) throws IOException {
        this.file = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** A lock that is held, until it is closed by whichever thread. */
    record Held(NamedLocks locks, String name, FileLock lock) implements Closeable {
        @Override
        public void close() throws IOException {
            try {
                locks.kept(() -> {
                    lock.release();
                    return true;
                });
            } finally {
                locks.letGo(name);
            }
        }
    }

    /** Waits for it. */
    Held hold(String name) throws IOException, InterruptedException {
        enter(name);
        Optional<Held> taken = Optional.empty();
        try {
            taken = take(name);
            while (taken.isEmpty()) {
                // Another process has it.
                Thread.sleep(BETWEEN_TRIES);
                taken = take(name);
            }
            return taken.get();
        } finally {
            if (taken.isEmpty()) {
                letGo(name);
            }
        }
    }

    /** Empty where somebody has it. */
    Optional<Held> tryHold(String name) throws IOException {
        synchronized (this) {
            if (!held.add(name)) {
                return Optional.empty();
            }
        }
        Optional<Held> taken = Optional.empty();
        try {
            taken = take(name);
            return taken;
        } finally {
            if (taken.isEmpty()) {
                letGo(name);
            }
        }
    }

    private Optional<Held> take(String name) throws IOException {
        return kept(() -> {
            try {
                return Optional.ofNullable(file.tryLock(place(name), 1, false)).map(lock -> new Held(this, name, lock));
            } catch (OverlappingFileLockException e) {
                // Another name of the same place, or another one of these in this process.
                return Optional.empty();
            }
        });
    }

    /** Not to be interrupted: a lock that was taken meanwhile would be nobody's. */
    private <T> T kept(Callable<T> action) throws IOException {
        CompletableFuture<T> done = new CompletableFuture<>();
        try {
            keeper.execute(() -> {
                try {
                    done.complete(action.call());
                } catch (Exception e) {
                    done.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            throw new IOException("the locks are closed", e);
        }
        try {
            return done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        }
    }

    private static long place(String name) {
        String hash = Digest.of(name.getBytes(StandardCharsets.UTF_8)).hex();
        return ByteBuffer.wrap(HexFormat.of().parseHex(hash)).getLong() & (Long.MAX_VALUE >> 1);
    }

    private synchronized void enter(String name) throws InterruptedException {
        while (!held.add(name)) {
            wait();
        }
    }

    private synchronized void letGo(String name) {
        held.remove(name);
        notifyAll();
    }

    @Override
    public void close() throws IOException {
        kept(() -> {
            file.close();
            return true;
        });
        keeper.shutdown();
    }
}
