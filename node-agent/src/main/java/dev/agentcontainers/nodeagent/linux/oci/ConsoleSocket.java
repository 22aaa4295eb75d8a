package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Where a runtime hands over the end that controls a terminal which it has made in a sandbox: a socket in a directory that
 * no agent sees, which only this user may connect to, and by which nobody is heard but the process that is waited for. For one
 * thread, which may be a virtual one. Source: OCI runtime command line interface, "--console-socket".
 */
final class ConsoleSocket implements AutoCloseable {
    private final HandoverCalls calls;
    private final Readiness readiness;
    private final Path path;
    private final int listening;

    private ConsoleSocket(HandoverCalls calls, Readiness readiness, Path path, int listening) {
        this.calls = calls;
        this.readiness = readiness;
        this.path = path;
        this.listening = listening;
    }

    /**
     * @param directory that is there, whose path may have any length
     * @param name of a file that is not there
     */
    static ConsoleSocket listen(HandoverCalls calls, Readiness readiness, Mounts mounts, Path directory, String name)
            throws IOException {
        Path path = directory.resolve(name);
        // By the directory's descriptor: the whole path may be longer than that of a socket.
        int place = Shim.check("open " + directory, mounts.openDirectory(directory.toString()));
        try {
            int listening = Shim.check("listen at " + path, calls.listen("/proc/self/fd/" + place + "/" + name));
            return new ConsoleSocket(calls, readiness, path, listening);
        } finally {
            mounts.close(place);
        }
    }

    /**
     * The descriptor that this process hands over, whose owner is the caller; empty where none was by the end.
     *
     * @param end when it is not waited for any more, for example since the process has ended
     * @throws IOException where it hands over something else, or nothing within that time
     */
    OptionalInt receive(long pid, CompletableFuture<?> end, Duration patience) throws IOException {
        long giveUp = System.nanoTime() + patience.toNanos();
        int connection = HandoverCalls.NOTHING_YET;
        try {
            while (true) {
                // Asked before looking: what was done before the end is there then.
                boolean over = end.isDone();
                int answer = connection < 0 ? calls.accept(listening) : calls.receive(connection);
                if (answer != HandoverCalls.NOTHING_YET) {
                    if (connection >= 0) {
                        return OptionalInt.of(Shim.check("receive a terminal", answer));
                    }
                    connection = own(pid, Shim.check("accept a connection at " + path, answer));
                } else if (over) {
                    return OptionalInt.empty();
                } else {
                    await(connection < 0 ? listening : connection, end, giveUp, patience);
                }
            }
        } finally {
            closeConnection(connection);
        }
    }

    /** None where another process has made it. */
    private int own(long pid, int connection) {
        if (calls.peer(connection) == pid) {
            return connection;
        }
        closeConnection(connection);
        return HandoverCalls.NOTHING_YET;
    }

    private void await(int descriptor, CompletableFuture<?> end, long giveUp, Duration patience) throws IOException {
        CompletableFuture<Void> ready = readiness.toRead(descriptor);
        try {
            CompletableFuture.anyOf(ready, end).get(giveUp - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new IOException("the runtime handed over no terminal within " + patience.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a terminal");
        } catch (ExecutionException e) {
            throw new IOException(e);
        } finally {
            ready.cancel(false);
        }
    }

    private void closeConnection(int connection) {
        if (connection >= 0) {
            calls.close(connection);
        }
    }

    @Override
    public void close() {
        calls.close(listening);
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // It vanishes with the run.
        }
    }
}
