package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a runtime hands over the end that controls a terminal which it has made in a sandbox: a socket in a directory that
 * no agent sees, which only this user may connect to, and by which nobody is heard but the process that is waited for. For one
 * thread, which may be a virtual one. Source: OCI runtime command line interface, "--console-socket".
 */
final class ConsoleSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleSocket.class);
    private static final int ENFILE = 23;
    private static final int EMFILE = 24;
    private static final int EBADMSG = 74;
    private static final int ECONNRESET = 104;

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

    /** Why there is no terminal, as its user may read it. Its cause names what of the node only the node's log may name. */
    static final class NoTerminalException extends IOException {
        private static final long serialVersionUID = 1L;

        NoTerminalException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * @param directory that is there, whose path may have any length
     * @param name of a file that is not there
     */
    static ConsoleSocket listen(HandoverCalls calls, Readiness readiness, Mounts mounts, Path directory, String name)
            throws NoTerminalException {
        Path path = directory.resolve(name);
        try {
            // By the directory's descriptor: the whole path may be longer than that of a socket.
            int place = Shim.check("open " + directory, mounts.openDirectory(directory.toString()));
            try {
                int listening = Shim.check("listen at " + path, calls.listen("/proc/self/fd/" + place + "/" + name));
                return new ConsoleSocket(calls, readiness, path, listening);
            } finally {
                mounts.close(place);
            }
        } catch (SystemCallException e) {
            throw refused("the node can't take a terminal from the runtime", e);
        }
    }

    private static NoTerminalException refused(String what, SystemCallException cause) {
        return new NoTerminalException(
                switch (cause.errno()) {
                    case EMFILE, ENFILE -> "the node has too many files open to take a terminal from the runtime";
                    case EBADMSG -> "the runtime handed over something else than a terminal";
                    default -> what;
                },
                cause);
    }

    /**
     * The descriptor that this process hands over, whose owner is the caller; empty where none was by the end. A connection
     * that ends without one counts for nothing.
     *
     * @param end when it is not waited for any more, for example since the process has ended
     * @throws NoTerminalException where it hands over something else, or nothing within that time
     */
    OptionalInt receive(long pid, CompletableFuture<?> end, Duration patience) throws NoTerminalException {
        long giveUp = System.nanoTime() + patience.toNanos();
        int connection = HandoverCalls.NOTHING_YET;
        try {
            while (true) {
                // Asked before looking: what was done before the end is there then.
                boolean over = end.isDone();
                int answer = connection < 0 ? calls.accept(listening) : calls.receive(connection);
                if (connection >= 0 && answer == -ECONNRESET) {
                    closeConnection(connection);
                    connection = HandoverCalls.NOTHING_YET;
                } else if (answer != HandoverCalls.NOTHING_YET) {
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
        } catch (SystemCallException e) {
            throw refused("the node could not take a terminal from the runtime", e);
        } finally {
            closeConnection(connection);
        }
    }

    /** None where another process has made it. */
    private int own(long pid, int connection) {
        int peer = calls.peer(connection);
        if (peer == pid) {
            return connection;
        }
        LOG.warn("at {} only process {} is heard, and not {}", path, pid, peer < 0 ? "one that is not known" : peer);
        closeConnection(connection);
        return HandoverCalls.NOTHING_YET;
    }

    private void await(int descriptor, CompletableFuture<?> end, long giveUp, Duration patience)
            throws NoTerminalException {
        CompletableFuture<Void> ready = readiness.toRead(descriptor);
        try {
            CompletableFuture.anyOf(ready, end).get(giveUp - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new NoTerminalException(
                    "the runtime handed over no terminal within " + patience.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NoTerminalException("interrupted while waiting for a terminal", e);
        } catch (ExecutionException e) {
            throw new NoTerminalException("the node could not wait for a terminal of the runtime", e);
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
