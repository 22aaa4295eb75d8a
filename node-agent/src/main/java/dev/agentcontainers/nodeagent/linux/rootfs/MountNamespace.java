package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.namespace.Uninterrupted;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/**
 * Runs work in another mount namespace, on a thread that ends with it. The work must not start threads, nor processes by
 * any way but {@link dev.agentcontainers.nodeagent.linux.process.ProcessCalls#spawn}: they would stay in the namespace.
 */
public final class MountNamespace {
    private final Mounts mounts;

    public MountNamespace(Mounts mounts) {
        this.mounts = mounts;
    }

    /** In a new namespace that sees the host's later mounts and unmounts, while the host sees nothing of its own. */
    public <T> T inNew(Callable<T> work) throws IOException {
        return onThread(() -> {
            check("make a mount namespace", mounts.unshareNamespace());
            mounts.setCreationMask(0);
            check(
                    "detach the mount namespace from the host's",
                    mounts.mount("none", "/", "none", Mounts.MS_REC | Mounts.MS_SLAVE, ""));
            return work.call();
        });
    }

    /** In the namespace of a process. */
    public <T> T inThatOf(long pid, Callable<T> work) throws IOException {
        return onThread(() -> {
            check("enter the mount namespace of process " + pid, mounts.enterNamespaceOf(pid));
            return work.call();
        });
    }

    private static <T> T onThread(Callable<T> work) throws IOException {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform()
                .daemon()
                .name("mount namespace")
                .inheritInheritableThreadLocals(false)
                .start(task);
        return Uninterrupted.await(task);
    }

    /** Throws where a call was refused. */
    static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
