package dev.agentcontainers.nodeagent.linux.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One process of this boot: pids are used again, a pid and its start time are not.
 *
 * @param startTicks clock ticks from boot to its start, field 22 of {@code /proc/<pid>/stat} (proc_pid_stat(5))
 */
public record ProcessIdentity(long pid, long startTicks) {
    private static final int STATE = 0;
    private static final int START_TICKS = 19;

    /** The process that has this pid now; empty where there is none or only its exit status is left. */
    public static Optional<ProcessIdentity> of(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            // The program's name stands in parentheses and may hold any character.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return fields[STATE].equals("Z") || fields[STATE].equals("X")
                    ? Optional.empty()
                    : Optional.of(new ProcessIdentity(pid, Long.parseLong(fields[START_TICKS])));
        } catch (IOException e) {
            return Optional.empty();
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
