package dev.agentcontainers.localcluster.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds a process by what it is rather than by a number in a file: by its executable's name and an
 * argument that names the cluster's own folder. So a process started just before a crash is found too,
 * and a reused process identifier can't be taken for it (a {@link ProcessHandle} also compares the start
 * time before it signals).
 */
public final class OwnProcesses {

    /** What the process is between its start and its becoming the program ({@link ChildLauncher}). */
    private static final Set<String> WRAPPERS = Set.of("setsid", "setpriv");

    private OwnProcesses() {}

    /** The live process of that executable that has exactly that argument. */
    public static Optional<ProcessHandle> find(String executable, String argument) {
        return ProcessHandle.allProcesses()
                .filter(process -> isExecutable(process, executable))
                .filter(process -> arguments(process).contains(argument))
                .findFirst();
    }

    /**
     * Whether the process has become the program that it was started for. While it becomes it (execve(2)) it has no
     * command line for a moment, and is not found.
     */
    static boolean isProgram(ProcessHandle process) {
        return executable(process).filter(name -> !WRAPPERS.contains(name)).isPresent()
                && arguments(process).stream().anyMatch(word -> !word.isEmpty());
    }

    private static boolean isExecutable(ProcessHandle process, String executable) {
        return executable(process)
                .filter(name -> name.equals(executable) || WRAPPERS.contains(name))
                .isPresent();
    }

    private static Optional<String> executable(ProcessHandle process) {
        return process.info()
                .command()
                .map(command -> String.valueOf(Path.of(command).getFileName()));
    }

    private static List<String> arguments(ProcessHandle process) {
        // The JDK gives up on command lines longer than a page; API servers have those.
        Path commandLine = Path.of("/proc", Long.toString(process.pid()), "cmdline");
        try {
            return List.of(Files.readString(commandLine).split("\0"));
        } catch (IOException e) {
            return process.info().arguments().map(Arrays::asList).orElse(List.of());
        }
    }
}
