package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A user namespace in which an image's ids are those of one sandbox, for mounts. No process stays in it. The kernel makes one
 * only for a process of a single thread, so a child makes it. Not for threads that have left the host's namespaces.
 */
public final class IdMapping implements Closeable {
    /** Says that it is there, and waits until it is not needed any more or this process has ended. */
    private static final List<String> CHILD = List.of("--user", "/bin/sh", "-c", "echo; read end");

    private final OverlayCalls calls;
    private final int descriptor;

    private IdMapping(OverlayCalls calls, int descriptor) {
        this.calls = calls;
        this.descriptor = descriptor;
    }

    public static IdMapping of(OverlayCalls calls, IdRange ids) throws IOException {
        Program unshare = Program.find("unshare")
                .orElseThrow(() -> new IOException("unshare was not found: install the package util-linux"));
        ProcessBuilder command = new ProcessBuilder(unshare.path().toString());
        command.command().addAll(CHILD);
        Process child = command.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            if (child.getInputStream().read() < 0) {
                throw new IOException("a user namespace can't be made: unshare --user ended");
            }
            String map = "0 " + ids.first() + " " + ids.size() + "\n";
            Files.writeString(Path.of("/proc/" + child.pid() + "/uid_map"), map);
            Files.writeString(Path.of("/proc/" + child.pid() + "/gid_map"), map);
            int descriptor = calls.openNamespace("/proc/" + child.pid() + "/ns/user");
            if (descriptor < 0) {
                throw new SystemCallException(
                        "open a user namespace", -descriptor, LinuxNamespaceCalls.describe(-descriptor));
            }
            return new IdMapping(calls, descriptor);
        } finally {
            child.destroyForcibly();
        }
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        calls.close(descriptor);
    }
}
