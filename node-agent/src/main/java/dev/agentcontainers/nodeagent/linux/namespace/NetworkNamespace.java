package dev.agentcontainers.nodeagent.linux.namespace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An open network namespace: it exists as long as this is open, and means the same one whatever becomes of its path. */
public final class NetworkNamespace implements AutoCloseable {
    private final NamespaceCalls calls;
    private final int descriptor;

    private NetworkNamespace(NamespaceCalls calls, int descriptor) {
        this.calls = calls;
        this.descriptor = descriptor;
    }

    public static NetworkNamespace open(NamespaceCalls calls, Path path) throws IOException {
        return new NetworkNamespace(calls, calls.open(path.toString()));
    }

    /** The namespace that the calling thread is in. */
    public static NetworkNamespace current(NamespaceCalls calls) throws IOException {
        return open(calls, Path.of("/proc/thread-self/ns/net"));
    }

    public static NetworkNamespace ofProcess(NamespaceCalls calls, long pid) throws IOException {
        return open(calls, Path.of("/proc/" + pid + "/ns/net"));
    }

    public int descriptor() {
        return descriptor;
    }

    /** Equal for two that are one namespace. */
    public String identity() throws IOException {
        Path path = Path.of("/proc/self/fd/" + descriptor);
        return Files.getAttribute(path, "unix:dev") + ":" + Files.getAttribute(path, "unix:ino");
    }

    /** Moves the calling thread here. */
    void enter() throws SystemCallException {
        calls.enterNetwork(descriptor);
    }

    @Override
    public void close() {
        calls.close(descriptor);
    }
}
