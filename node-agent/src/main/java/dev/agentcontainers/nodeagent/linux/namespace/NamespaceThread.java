package dev.agentcontainers.nodeagent.linux.namespace;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * One platform thread that lives in a network namespace. Work handed to it must not start threads or processes: they
 * would be in that namespace too.
 */
public final class NamespaceThread implements AutoCloseable {
    private final NetworkNamespace home;
    private final ExecutorService executor;
    private boolean astray;

    private NamespaceThread(String name, NetworkNamespace home) {
        this.home = home;
        this.executor = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /** A thread that has entered {@code home}; {@code home} stays the caller's and must outlive it. */
    public static NamespaceThread in(NetworkNamespace home, String name) throws IOException {
        NamespaceThread thread = new NamespaceThread(name, home);
        try {
            thread.call(() -> {
                home.enter();
                return true;
            });
            return thread;
        } catch (IOException | RuntimeException e) {
            thread.close();
            throw e;
        }
    }

    /** Runs {@code work} in the namespace and waits for it, even when the calling thread is interrupted meanwhile. */
    public <T> T call(Callable<T> work) throws IOException {
        return Uninterrupted.await(executor.submit(work));
    }

    /** Runs {@code work} inside {@code other}, then goes back. */
    public <T> T visit(NetworkNamespace other, Callable<T> work) throws IOException {
        return call(() -> {
            if (astray) {
                throw new IOException("this thread could not go back to its own network namespace");
            }
            other.enter();
            try {
                return work.call();
            } finally {
                astray = true;
                home.enter();
                astray = false;
            }
        });
    }

    @Override
    public void close() {
        executor.close();
    }
}
