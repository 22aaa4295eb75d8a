package dev.agentcontainers.nodeagent.platform;

import java.nio.file.Path;

/**
 * Where a node agent keeps its things on its machine. Two node agents on one machine differ in all of them.
 *
 * @param name the node's name; names cgroups and the fence too
 * @param stateDirectory for what must survive a reboot; readable by root only
 * @param runDirectory for what may vanish with a reboot
 * @param firstUserId first of the host's user and group ids that sandboxes are mapped to
 * @param userIdCount how many ids from there; each sandbox takes 65,536
 * @param logLimitBytes size at which an agent's log is begun anew
 */
public record NodeSettings(
        String name, Path stateDirectory, Path runDirectory, long firstUserId, long userIdCount, long logLimitBytes) {}
