package dev.agentcontainers.cli.machine;

import dev.agentcontainers.cli.process.Termination;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.process.OwnProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Node agents that run in a state directory.
 *
 * @param stateDirectory absolute
 */
public record NodeProcesses(Path stateDirectory) {
    private static final Duration STOP_WITHIN = Duration.ofSeconds(30);
    private static final String VARIABLE = "AGENTCONTAINERS_NODE_STATE_DIRECTORY=";

    /**
     * Two in one folder would undo each other's work, and one that somebody else starts comes back.
     *
     * @param marker argument by which agentctl's own is known
     * @throws UserException where another one runs, a DaemonSet's for example
     */
    public void requireNoneOfOthers(String marker) {
        Optional<ProcessHandle> own = OwnProcesses.find("java", marker);
        ProcessHandle.allProcesses()
                .filter(process -> !own.equals(Optional.of(process)))
                .filter(process -> isNodeAgent(process.pid()))
                .findFirst()
                .ifPresent(other -> {
                    throw new UserException(
                            "process " + other.pid() + " is a node agent that agentctl node join has not"
                                    + " installed and that uses " + stateDirectory
                                    + ": stop it first, or whoever starts it (a DaemonSet, a supervisor)");
                });
    }

    private boolean isNodeAgent(long pid) {
        Path process = Path.of("/proc", Long.toString(pid));
        return entries(process.resolve("environ")).anyMatch((VARIABLE + stateDirectory)::equals)
                && entries(process.resolve("cmdline")).anyMatch("-jar"::equals);
    }

    private static Stream<String> entries(Path file) {
        try {
            return Stream.of(Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1)
                    .split("\0", -1));
        } catch (IOException e) {
            return Stream.empty(); // it ended
        }
    }

    /** Ends agentctl's own; what was ended, a line for each. */
    public List<String> stop(String marker) {
        Optional<ProcessHandle> running = OwnProcesses.find("java", marker);
        if (running.isEmpty()) {
            return List.of();
        }
        ProcessHandle process = running.get();
        Termination.of(process, "node agent", STOP_WITHIN);
        return List.of("process " + process.pid() + " (node agent)");
    }
}
