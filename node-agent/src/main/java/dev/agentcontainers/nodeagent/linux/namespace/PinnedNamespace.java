package dev.agentcontainers.nodeagent.linux.namespace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A network namespace that lives without any process, kept by a mount at {@code <directory>/<name>}. Laid out as
 * iproute2 does it, so that {@code ip netns exec <name>} works.
 */
public record PinnedNamespace(NamespaceCalls calls, Path directory, String name) {
    public Path path() {
        return directory.resolve(name);
    }

    /** Opens it where it exists. A file that is left without its namespace, as by a crash, counts as absent. */
    public Optional<NetworkNamespace> open() throws IOException {
        if (!Files.exists(path())) {
            return Optional.empty();
        }
        NetworkNamespace namespace = NetworkNamespace.open(calls, path());
        try (NamespaceThread probe = NamespaceThread.in(namespace, "probe " + name)) {
            return Optional.of(namespace);
        } catch (SystemCallException e) {
            namespace.close();
            if (e.errno() == NamespaceCalls.EINVAL) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Makes it; it must not exist. */
    public NetworkNamespace create() throws IOException {
        Files.createDirectories(directory);
        shareDirectory();
        if (!Files.exists(path())) {
            Files.createFile(path());
        }
        try (NetworkNamespace current = NetworkNamespace.current(calls);
                NamespaceThread maker = NamespaceThread.in(current, "make " + name)) {
            return maker.call(() -> {
                calls.unshareNetwork();
                calls.bindMount("/proc/thread-self/ns/net", path().toString(), false);
                return NetworkNamespace.open(calls, path());
            });
        }
    }

    /** Lets it go; it vanishes with its last user. No effect where it does not exist. */
    public void remove() throws IOException {
        if (!Files.exists(path())) {
            return;
        }
        try {
            calls.unmount(path().toString());
        } catch (SystemCallException e) {
            if (e.errno() != NamespaceCalls.EINVAL) {
                throw e;
            }
        }
        Files.deleteIfExists(path());
    }

    /** As iproute2: with a plain directory its first {@code ip netns add} would bury our mount under its own. */
    private void shareDirectory() throws SystemCallException {
        try {
            calls.shareMount(directory.toString());
        } catch (SystemCallException e) {
            if (e.errno() != NamespaceCalls.EINVAL) {
                throw e;
            }
            calls.bindMount(directory.toString(), directory.toString(), true);
            calls.shareMount(directory.toString());
        }
    }
}
