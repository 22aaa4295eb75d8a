package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Wakes those who wait for exit files. Thread-safe. */
final class ExitFiles implements AutoCloseable {
    /** Between two looks, where the kernel did not tell. */
    private static final long LOOK_MILLIS = 1000;

    private final WatchService watch;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    ExitFiles(Path folder) throws IOException {
        watch = FileSystems.getDefault().newWatchService();
        folder.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
        Thread.ofPlatform().daemon().name("exit-files").start(this::pass);
    }

    private void pass() {
        try {
            while (true) {
                WatchKey key = watch.take();
                key.pollEvents();
                key.reset();
                lock.lock();
                try {
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        } catch (InterruptedException | java.nio.file.ClosedWatchServiceException e) {
            // The node agent ends.
        }
    }

    /** Waits for a change in the folder, a second at most: a look again is cheap, a missed change is not. */
    void await() throws InterruptedException {
        lock.lock();
        try {
            changed.awaitNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        watch.close();
    }
}
