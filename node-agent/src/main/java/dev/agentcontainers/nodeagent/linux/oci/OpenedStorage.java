package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.image.LayerCalls;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.platform.EnterableDirectory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A sandbox's part of the disk, opened by this process alone: its images are mounted in a mount namespace that nobody else sees and
 * that is gone at once. What keeps them mounted are descriptors of their directories, until they are closed or this process ends.
 */
final class OpenedStorage implements Closeable {
    private static final LayerCalls CALLS = LayerCalls.ofThisMachine();

    private final List<Integer> descriptors = new ArrayList<>();

    private OpenedStorage() {}

    private Opened opened = new Opened(Path.of("/"), Map.of());

    /** To be called while no run of the sandbox exists, once its storage is prepared. */
    static OpenedStorage open(Mounts mounts, SandboxFiles paths, SandboxCreation.Allocation allocation)
            throws IOException {
        EnterableDirectory.make(paths.settings().runDirectory());
        EnterableDirectory.make(paths.privateMount());
        // Bound here and not on a thread that has left the host's namespaces.
        CALLS.close(-1);
        OpenedStorage storage = new OpenedStorage();
        boolean done = false;
        try {
            storage.opened = new MountNamespace(mounts).inNew(() -> {
                new RootfsBuilder(mounts).mountMemory(paths.privateMount(), "mode=0700");
                Files.createDirectory(paths.storage());
                return storage.kept(
                        allocation.storage().open(paths.storage(), allocation.division(), LoopDevices.Writing.CACHED));
            });
            done = true;
            return storage;
        } finally {
            if (!done) {
                storage.close();
            }
        }
    }

    /** The same by paths that lead there while the descriptors are open. */
    private Opened kept(Opened inNamespace) throws IOException {
        Map<String, Path> parts = new HashMap<>();
        for (Map.Entry<String, Path> part : inNamespace.parts().entrySet()) {
            parts.put(part.getKey(), kept(part.getValue()));
        }
        return new Opened(kept(inNamespace.shared()), parts);
    }

    private Path kept(Path directory) throws IOException {
        int descriptor = CALLS.openRoot(directory.toString());
        if (descriptor < 0) {
            throw new SystemCallException("open " + directory, -descriptor, LinuxNamespaceCalls.describe(-descriptor));
        }
        descriptors.add(descriptor);
        return Path.of("/proc/self/fd/" + descriptor);
    }

    Opened opened() {
        return opened;
    }

    @Override
    public void close() {
        descriptors.forEach(CALLS::close);
    }
}
