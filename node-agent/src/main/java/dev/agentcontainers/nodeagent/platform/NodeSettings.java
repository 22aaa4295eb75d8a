package dev.agentcontainers.nodeagent.platform;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * Where a node agent keeps its things on its machine, and what agents get there. Two node agents on one machine differ in
 * name, directories and ids.
 *
 * @param name the node's name; names cgroups and the fence too
 * @param stateDirectory for what must survive a reboot; what is in it is readable by root only
 * @param runDirectory for what may vanish with a reboot
 * @param firstUserId first of the host's user and group ids that sandboxes are mapped to
 * @param userIdCount how many ids from there; each sandbox takes 65,536
 * @param logLimitBytes size at which an agent's log is begun anew
 * @param unaskedStorageBytes what the workspaces of an agent without a limit of its own may take; empty for the whole
 *     disk
 * @param hostPaths paths of the machine that agents without an image see read-only, beside the usual ones
 */
public record NodeSettings(
        String name,
        Path stateDirectory,
        Path runDirectory,
        long firstUserId,
        long userIdCount,
        long logLimitBytes,
        OptionalLong unaskedStorageBytes,
        List<String> hostPaths) {
    private static final OptionalLong UNASKED_STORAGE = OptionalLong.of(1L << 30);

    public NodeSettings {
        hostPaths = List.copyOf(hostPaths);
    }

    /** What agents get is the default. */
    public NodeSettings(
            String name,
            Path stateDirectory,
            Path runDirectory,
            long firstUserId,
            long userIdCount,
            long logLimitBytes) {
        this(name, stateDirectory, runDirectory, firstUserId, userIdCount, logLimitBytes, UNASKED_STORAGE, List.of());
    }
}
