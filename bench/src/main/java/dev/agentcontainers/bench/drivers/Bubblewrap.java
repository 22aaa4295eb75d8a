package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Bubblewrap alone: every namespace that it has, the host's root read-only, no network, no limits, no filter of system calls. What
 * programs that wrap others with it begin with. Started as the runtimes are.
 */
final class Bubblewrap {
    private static final String PROGRAM = "/usr/bin/bwrap";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ProcessCalls processes = ProcessCalls.ofThisMachine();
    private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();

    Bubblewrap() {
        Commands.require("bwrap");
    }

    /** Runs the command to its end; returns what it wrote. */
    String run(List<String> command) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--unshare-all", "--ro-bind", "/", "/"));
        arguments.addAll(command);
        int[] pipe = new int[2];
        check("make a pipe", descriptors.pipe(pipe));
        int child;
        try {
            child = check(
                    "start bwrap",
                    processes.spawn(new SpawnRequest(
                            PROGRAM,
                            arguments,
                            Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
                            Map.of(1, pipe[1], 2, pipe[1]),
                            false)));
        } finally {
            descriptors.close(pipe[1]);
        }
        try {
            ChildProcess process = new ChildProcess(processes, descriptors, child, "bwrap");
            String text = process.readAll(pipe[0], PATIENCE);
            int code = process.await(PATIENCE);
            if (code != 0) {
                throw new IOException("bwrap ended with " + code + ": " + text.strip());
            }
            return text;
        } finally {
            descriptors.close(pipe[0]);
        }
    }

    private static int check(String action, int answer) throws IOException {
        if (answer < 0) {
            throw new IOException(action + ": error " + -answer);
        }
        return answer;
    }
}
