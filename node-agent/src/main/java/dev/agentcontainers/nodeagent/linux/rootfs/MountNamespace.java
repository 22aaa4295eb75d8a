package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
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
        boolean interrupted = false;
        try {
            // Never left alone: half-made things must not appear behind the back of whoever cleans up.
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

    /** Throws where a call was refused. */
    static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
