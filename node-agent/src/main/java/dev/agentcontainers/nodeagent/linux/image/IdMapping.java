package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.namespace.UserNamespace;
import java.io.Closeable;

/** By which mounts of an image's layers show them with the ids of one sandbox: a user namespace that has these. */
public final class IdMapping implements Closeable {
    private static final int NONE = -1;

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

    /** For layers that have a sandbox's ids as they are, see {@link LayerOwners#of}. */
    public static IdMapping none(OverlayCalls calls) {
        return new IdMapping(calls, NONE);
    }

    boolean isNone() {
        return descriptor == NONE;
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        if (!isNone()) {
            calls.close(descriptor);
        }
    }
}
