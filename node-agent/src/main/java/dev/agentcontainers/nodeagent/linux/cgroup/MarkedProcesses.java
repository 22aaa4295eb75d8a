package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What was started for sandboxes, and what that has started, by a variable of the environment: shims and runtimes pass it on. An
 * agent's own programs have another environment; they end with the first of their PID namespace, which a runtime has begun as
 * itself. For a process that sees no others' processes. Thread-safe.
 *
 * @param owner whose sandboxes
 */
record MarkedProcesses(String owner, ProcessCalls processes, DescriptorCalls descriptors) {
    private static final String VARIABLE = "AGENTCONTAINERS_SANDBOX";
    private static final long PAUSE_MILLIS = 2;

    Map<String, String> mark(String sandbox) {
        return Map.of(VARIABLE, value(sandbox));
    }

    private String value(String sandbox) {
        return owner + "/" + sandbox;
    }

    boolean areThere(String sandbox) throws IOException {
        return !of(sandbox).isEmpty();
    }

    /** Kills them, and those that they start meanwhile, and returns when there are none. */
    void kill(String sandbox, Duration patience) throws IOException, InterruptedException {
        long giveUp = System.nanoTime() + patience.toNanos();
        for (List<ProcessIdentity> left = of(sandbox); !left.isEmpty(); left = of(sandbox)) {
            left.forEach(process -> process.signal(processes, descriptors, ProcessCalls.SIGKILL));
            if (System.nanoTime() > giveUp) {
                throw new IOException("processes of " + sandbox + " are still there " + patience.toSeconds()
                        + " s after they were killed: " + left);
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private List<ProcessIdentity> of(String sandbox) throws IOException {
        String wanted = VARIABLE + "=" + value(sandbox);
        List<ProcessIdentity> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path entry : entries) {
                // Which process it is comes first: its environment is then its own, or that of one that has replaced
                // it.
                ProcessIdentity.of(Long.parseLong(entry.getFileName().toString()))
                        .filter(process -> hasVariable(entry, wanted) && process.isAlive())
                        .ifPresent(found::add);
            }
        }
        return found;
    }

    /** Source: proc_pid_environ(5). One that is about to end, or another user's, has none. */
    private static boolean hasVariable(Path process, String wanted) {
        try {
            String environment =
                    new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.ISO_8859_1);
            return Arrays.asList(environment.split("\0")).contains(wanted);
        } catch (IOException e) {
            return false;
        }
    }
}
