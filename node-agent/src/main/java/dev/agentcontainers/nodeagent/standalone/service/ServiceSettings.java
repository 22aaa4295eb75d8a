package dev.agentcontainers.nodeagent.standalone.service;

import java.nio.file.Path;
import java.util.List;

/**
 * How a machine's service for users without root is set up.
 *
 * @param socket where it listens
 * @param group whose members may use it
 * @param mostRuns at a time, of all users together
 * @param mostRunsOfUser at a time, of one user
 * @param sharePercent how much of the machine's processors, memory, disk and processes the runs may have together
 * @param neverAllowed addresses and ranges that no policy opens
 */
public record ServiceSettings(
        Path socket, String group, int mostRuns, int mostRunsOfUser, int sharePercent, List<String> neverAllowed) {
    /** Where {@code agentctl run} looks for it. */
    public static final Path SOCKET = Path.of("/run/agentcontainers/node.sock");

    public static final String GROUP = "agentcontainers";

    public ServiceSettings {
        neverAllowed = List.copyOf(neverAllowed);
    }

    public static ServiceSettings at(Path socket, String group, int sharePercent, List<String> neverAllowed) {
        return new ServiceSettings(socket, group, 32, 8, sharePercent, neverAllowed);
    }
}
