package dev.agentcontainers.nodeagent.linux.process;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Tells when descriptors can be read or written. One platform thread waits in the kernel for all of them, so that any
 * number of virtual threads can wait here: a native call that waits would keep a carrier of theirs each, and with as
 * many of those as there are processors no virtual thread would run any more. Thread-safe.
 */
public final class Readiness {
    private static final int NEVER = -1;

    private record Watch(int descriptor, boolean writing, CompletableFuture<Void> ready) {}

    private final ProcessCalls calls;
    private final DescriptorCalls descriptors;
    private final ConcurrentLinkedQueue<Watch> arrivals = new ConcurrentLinkedQueue<>();
    private final int[] wake = new int[2];
    private volatile @Nullable Thread watcher;

    public Readiness(ProcessCalls calls, DescriptorCalls descriptors) {
        this.calls = calls;
        this.descriptors = descriptors;
    }

    /**
     * Completes when a read would not wait, which is also so at the end and after an error. A caller that gives up cancels
     * it, so that the descriptor is no longer watched. The descriptor must stay open until it is complete.
     */
    public CompletableFuture<Void> toRead(int descriptor) {
        return watched(descriptor, false);
    }

    /** The same for a write. */
    public CompletableFuture<Void> toWrite(int descriptor) {
        return watched(descriptor, true);
    }

    private CompletableFuture<Void> watched(int descriptor, boolean writing) {
        ensureWatching();
        CompletableFuture<Void> ready = new CompletableFuture<>();
        // While it is polled the kernel holds the file open, whoever closes it.
        ready.whenComplete((_, _) -> {
            if (Thread.currentThread() != watcher) {
                wakeUp();
            }
        });
        arrivals.add(new Watch(descriptor, writing, ready));
        wakeUp();
        return ready;
    }

    private synchronized void ensureWatching() {
        if (watcher != null) {
            return;
        }
        int answer = descriptors.pipe(wake);
        if (answer < 0) {
            throw new IllegalStateException("no pipe could be made, error " + -answer);
        }
        // Full means that the watcher will wake up in any case.
        descriptors.doNotWait(wake[1]);
        watcher = Thread.ofPlatform().daemon().name("descriptors").start(this::watch);
    }

    private void wakeUp() {
        descriptors.write(wake[1], new byte[1], 1);
    }

    private void watch() {
        List<Watch> watches = new ArrayList<>();
        while (true) {
            int[] polled = new int[watches.size() + 1];
            boolean[] writing = new boolean[polled.length];
            polled[0] = wake[0];
            for (int i = 0; i < watches.size(); i++) {
                polled[i + 1] = watches.get(i).descriptor();
                writing[i + 1] = watches.get(i).writing();
            }
            boolean[] ready = new boolean[polled.length];
            calls.awaitReady(polled, writing, ready, NEVER);
            List<Watch> kept = new ArrayList<>();
            for (int i = 0; i < watches.size(); i++) {
                Watch watch = watches.get(i);
                if (ready[i + 1]) {
                    watch.ready().complete(null);
                } else if (!watch.ready().isDone()) {
                    kept.add(watch);
                }
            }
            if (ready[0]) {
                descriptors.read(wake[0], new byte[256]);
            }
            for (Watch arrived = arrivals.poll(); arrived != null; arrived = arrivals.poll()) {
                if (!arrived.ready().isDone()) {
                    kept.add(arrived);
                }
            }
            watches = kept;
        }
    }
}
