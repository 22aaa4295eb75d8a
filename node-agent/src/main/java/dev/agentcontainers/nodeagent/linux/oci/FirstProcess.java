package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A sandbox's first process, told from a later one of the same number by its start time.
 *
 * @param pid in the host's PID namespace
 * @param startTicks clock ticks from boot to its start, as proc_pid_stat(5) shows it
 */
record FirstProcess(int pid, long startTicks) {
    private static final int START_TIME = 22;
    private static final int STATE = 3;

    /** The process that has that number now. */
    static Optional<FirstProcess> of(int pid) {
        return stat(pid).map(fields -> new FirstProcess(pid, Long.parseLong(field(fields, START_TIME))));
    }

    /** True while it has not ended; one that has and is not reaped yet counts as ended. */
    boolean isAlive() {
        Optional<String[]> fields = stat(pid);
        return fields.isPresent()
                && Long.parseLong(field(fields.get(), START_TIME)) == startTicks
                && !field(fields.get(), STATE).equals("Z");
    }

    static Optional<FirstProcess> read(Path file) throws IOException {
        try {
            String[] words = Files.readString(file).strip().split(" ");
            return Optional.of(new FirstProcess(Integer.parseInt(words[0]), Long.parseLong(words[1])));
        } catch (NoSuchFileException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    void write(Path file) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(beside, pid + " " + startTicks);
        Files.move(beside, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    /** The fields from the third on; the second, the name, may hold blanks and brackets. */
    private static Optional<String[]> stat(int pid) {
        try {
            String line = Files.readString(Path.of("/proc", Integer.toString(pid), "stat"));
            return Optional.of(line.substring(line.lastIndexOf(')') + 2).split(" "));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String field(String[] fromThird, int number) {
        return fromThird[number - STATE];
    }
}
