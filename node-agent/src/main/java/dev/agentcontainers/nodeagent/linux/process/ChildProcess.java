package dev.agentcontainers.nodeagent.linux.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Waits for children that {@link ProcessCalls#spawn} has started, and for what they say, for a limited time: one that
 * takes longer is killed. Blocks in the kernel, so it is not for virtual threads.
 *
 * @param what it is, for messages, for example {@code crun start}
 */
public record ChildProcess(ProcessCalls processes, DescriptorCalls descriptors, int pid, String what) {
    private static final int BUFFER = 8192;

    /**
     * Its exit code, or 128 plus the signal that ended it.
     *
     * @throws IOException where it had to be killed; it is gone then
     */
    public int await(Duration patience) throws IOException {
        int process = processes.openProcess(pid);
        if (process < 0) {
            return processes.waitFor(pid);
        }
        try {
            if (isReady(process, System.nanoTime() + patience.toNanos())) {
                return processes.waitFor(pid);
            }
            processes.signal(process, ProcessCalls.SIGKILL);
            processes.waitFor(pid);
        } finally {
            descriptors.close(process);
        }
        throw new IOException(what + " did not end within " + text(patience) + " and was killed");
    }

    /** Kills it; it must still be waited for. */
    public void kill() {
        int process = processes.openProcess(pid);
        if (process >= 0) {
            processes.signal(process, ProcessCalls.SIGKILL);
            descriptors.close(process);
        }
    }

    /** Everything that comes out of a pipe until its end, or as much as came in that time. */
    public String readAll(int pipe, Duration patience) {
        long giveUp = System.nanoTime() + patience.toNanos();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        byte[] buffer = new byte[BUFFER];
        while (isReady(pipe, giveUp)) {
            int count = descriptors.read(pipe, buffer);
            if (count <= 0) {
                break;
            }
            text.write(buffer, 0, count);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    /** The first line that comes out of a pipe, or as much of it as came until the pipe's end or in that time, or as is wanted. */
    public String readLine(int pipe, int mostBytes, Duration patience) {
        long giveUp = System.nanoTime() + patience.toNanos();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        byte[] buffer = new byte[1];
        while (text.size() < mostBytes
                && isReady(pipe, giveUp)
                && descriptors.read(pipe, buffer) > 0
                && buffer[0] != '\n') {
            text.write(buffer[0]);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    /** Waits for the first that comes out of a pipe: how many bytes came, 0 at its end, less where none came in that time. */
    public int readOne(int pipe, Duration patience) {
        return isReady(pipe, System.nanoTime() + patience.toNanos()) ? descriptors.read(pipe, new byte[1]) : -1;
    }

    private boolean isReady(int descriptor, long giveUp) {
        while (true) {
            long millis = (giveUp - System.nanoTime()) / 1_000_000;
            int answer = processes.awaitReadable(
                    new int[] {descriptor}, new boolean[1], Math.clamp(millis, 0, Integer.MAX_VALUE));
            if (answer != 0 || millis <= 0) {
                return answer > 0;
            }
        }
    }

    private static String text(Duration patience) {
        return patience.toMillis() % 1000 == 0 ? patience.toSeconds() + " s" : patience.toMillis() + " ms";
    }
}
