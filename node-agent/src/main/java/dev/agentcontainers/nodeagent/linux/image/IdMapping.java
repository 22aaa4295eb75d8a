package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.namespace.UserNamespace;
import java.io.Closeable;

/** A user namespace in which an image's ids are those of one sandbox, as mounts take it. */
public final class IdMapping implements Closeable {
    private final OverlayCalls calls;
    private final int descriptor;

    private IdMapping(OverlayCalls calls, int descriptor) {
        this.calls = calls;
        this.descriptor = descriptor;
    }

    public static IdMapping of(OverlayCalls calls, UserNamespace namespace) throws SystemCallException {
        int descriptor = calls.openNamespace(namespace.path().toString());
        if (descriptor < 0) {
            throw new SystemCallException(
                    "open a user namespace", -descriptor, LinuxNamespaceCalls.describe(-descriptor));
        }
        return new IdMapping(calls, descriptor);
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        calls.close(descriptor);
    }
}
