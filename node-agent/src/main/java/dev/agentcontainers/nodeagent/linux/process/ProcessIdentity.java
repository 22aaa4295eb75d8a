package dev.agentcontainers.nodeagent.linux.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * One process of this boot: pids are used again, a pid and its start time are not.
 *
 * @param startTicks clock ticks from boot to its start, field 22 of {@code /proc/<pid>/stat} (proc_pid_stat(5))
 */
public record ProcessIdentity(long pid, long startTicks) {
    private static final int STATE = 0;
    private static final int START_TICKS = 19;
    private static final Set<String> STILL = Set.of("T", "t", "Z", "X");

    /** The process that has this pid now; empty where there is none or only its exit status is left. */
    public static Optional<ProcessIdentity> of(long pid) {
        try {
            String[] fields = fields(Path.of("/proc/" + pid));
            return fields[STATE].equals("Z") || fields[STATE].equals("X")
                    ? Optional.empty()
                    : Optional.of(new ProcessIdentity(pid, Long.parseLong(fields[START_TICKS])));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Of a process or a thread, from its state on. */
    private static String[] fields(Path folder) throws IOException {
        String stat = Files.readString(folder.resolve("stat"), StandardCharsets.ISO_8859_1);
        // The program's name stands in parentheses and may hold any character.
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    }

    /**
     * Whether each of its threads is stopped or has ended. One that was told to stop may go on for a moment, and end the call that it
     * is in: a beginning of another process, for example.
     */
    public boolean isStill() {
        if (!isAlive()) {
            return true;
        }
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : threads) {
                if (!STILL.contains(fields(thread)[STATE])) {
                    return false;
                }
            }
            return true;
        } catch (IOException | DirectoryIteratorException e) {
            // A thread, or all of it, has ended meanwhile.
            return !isAlive();
        }
    }

    public boolean isAlive() {
        return of(pid).filter(this::equals).isPresent();
    }

    /** Sends a signal to this very process. False where it has ended. */
    public boolean signal(ProcessCalls calls, DescriptorCalls descriptors, int signal) {
        int descriptor = calls.openProcess(pid);
        if (descriptor < 0) {
            return false;
        }
        try {
            // Asked after opening: from here on the descriptor can only mean the process that is looked at.
            return isAlive() && calls.signal(descriptor, signal) == 0;
        } finally {
            descriptors.close(descriptor);
        }
    }
}
