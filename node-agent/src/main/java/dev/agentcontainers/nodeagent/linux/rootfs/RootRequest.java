package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A root filesystem to put together.
 *
 * @param root empty folder that becomes the root
 * @param blank an empty regular file of mode 000, shown where a file is hidden
 * @param shown host paths that the agent sees
 * @param own files of the agent's own by name in /etc, for example hostname, in place of the host's
 * @param hostId the host's user and group id of the agent's root
 * @param workspace folder that holds the agent's writable files
 * @param mounts the sandbox's mounts
 */
public record RootRequest(
        Path root,
        Path blank,
        List<String> shown,
        Map<String, Path> own,
        long hostId,
        Path workspace,
        List<ResolvedMount> mounts) {
    public RootRequest {
        shown = List.copyOf(shown);
        own = Map.copyOf(own);
        mounts = List.copyOf(mounts);
    }
}
