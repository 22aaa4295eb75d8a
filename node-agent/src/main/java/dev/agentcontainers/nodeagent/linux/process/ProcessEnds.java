package dev.agentcontainers.nodeagent.linux.process;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Tells when processes end, whoever started them. One thread waits in the kernel for all of them, so that any number of
 * virtual threads can wait here. Thread-safe.
 */
public final class ProcessEnds {
    private static final int NEVER = -1;

    private record Watch(int descriptor, CompletableFuture<Void> end) {}

    private final ProcessCalls calls;
    private final DescriptorCalls descriptors;
    private final ConcurrentLinkedQueue<Watch> arrivals = new ConcurrentLinkedQueue<>();
    private final int[] wake = new int[2];
    private @Nullable Thread watcher;

    public ProcessEnds(ProcessCalls calls, DescriptorCalls descriptors) {
        this.calls = calls;
        this.descriptors = descriptors;
    }

    /** Completes when the process has ended. A caller that gives up cancels it, so that it is no longer watched. */
    public CompletableFuture<Void> of(ProcessIdentity process) {
        int descriptor = calls.openProcess(process.pid());
        if (descriptor < 0) {
            return CompletableFuture.completedFuture(null);
        }
        if (!process.isAlive()) {
            descriptors.close(descriptor);
            return CompletableFuture.completedFuture(null);
        }
        Watch watch = new Watch(descriptor, new CompletableFuture<>());
        ensureWatching();
        arrivals.add(watch);
        wakeUp();
        return watch.end();
    }

    private synchronized void ensureWatching() {
        if (watcher != null) {
            return;
        }
        int answer = descriptors.pipe(wake);
        if (answer < 0) {
            throw new IllegalStateException("no pipe could be made, error " + -answer);
        }
        watcher = Thread.ofPlatform().daemon().name("process ends").start(this::watch);
    }

    private void wakeUp() {
        descriptors.write(wake[1], new byte[1], 1);
    }

    private void watch() {
        List<Watch> watches = new ArrayList<>();
        while (true) {
            int[] polled = new int[watches.size() + 1];
            polled[0] = wake[0];
            for (int i = 0; i < watches.size(); i++) {
                polled[i + 1] = watches.get(i).descriptor();
            }
            boolean[] ready = new boolean[polled.length];
            calls.awaitReadable(polled, ready, NEVER);
            List<Watch> kept = new ArrayList<>();
            for (int i = 0; i < watches.size(); i++) {
                Watch watch = watches.get(i);
                if (ready[i + 1] || watch.end().isDone()) {
                    descriptors.close(watch.descriptor());
                    watch.end().complete(null);
                } else {
                    kept.add(watch);
                }
            }
            if (ready[0]) {
                descriptors.read(wake[0], new byte[256]);
            }
            for (Watch arrived = arrivals.poll(); arrived != null; arrived = arrivals.poll()) {
                kept.add(arrived);
            }
            watches = kept;
        }
    }
}
