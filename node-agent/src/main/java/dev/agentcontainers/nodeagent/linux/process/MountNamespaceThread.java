package dev.agentcontainers.nodeagent.linux.process;

import dev.agentcontainers.nodeagent.linux.process.LinuxCalls.MountFlag;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs work on a thread of its own that lives in a copy of the host's mount namespace: what the work mounts is seen by the
 * programs that it spawns and by nobody else, and vanishes with the last of them. What the host mounts and unmounts later
 * reaches the copy.
 *
 * <p>A thread that has left the JVM's namespaces must not make threads or processes by the JDK; so the thread ends with
 * the work.
 */
public final class MountNamespaceThread {
    private final LinuxCalls calls;

    public MountNamespaceThread(LinuxCalls calls) {
        this.calls = calls;
    }

    /** Work for the thread. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /** Runs the work and waits for it, also when the caller is interrupted meanwhile: half a start helps nobody. */
    public <T> T run(String name, Work<T> work) throws IOException {
        FutureTask<T> task = new FutureTask<>(() -> {
            calls.unshareMounts();
            calls.mount("none", "/", "", List.of(MountFlag.RECURSIVE, MountFlag.SLAVE), "");
            return work.run();
        });
        Thread.ofPlatform().name(name).daemon().start(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
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
