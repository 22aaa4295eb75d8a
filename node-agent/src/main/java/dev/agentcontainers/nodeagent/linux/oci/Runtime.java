package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.cgroup.Cgroups;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.linux.process.MountNamespaceThread;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An OCI runtime, crun or runc, as a program. Thread-safe.
 *
 * <p>crun before 1.9 refuses machines whose unified hierarchy is mounted beside the legacy ones; so it is started in a
 * mount namespace from which that one mount is removed.
 */
final class Runtime {
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");

    private final Path program;
    private final Path root;
    private final Optional<Path> unifiedBeside;
    private final LinuxCalls calls;
    private final MountNamespaceThread threads;

    Runtime(Path program, Path root, Cgroups cgroups, LinuxCalls calls) {
        this.program = program;
        this.root = root;
        this.unifiedBeside = cgroups.unifiedBeside();
        this.calls = calls;
        this.threads = new MountNamespaceThread(calls);
    }

    /** What came of a call: its exit code and everything it said. */
    record Answer(int exitCode, String output) {}

    Path program() {
        return program;
    }

    /** Arguments that belong before every command, as conmon passes them on too. */
    List<String> globalArguments() {
        return isCrun()
                ? List.of("--root", root.toString(), "--cgroup-manager", "cgroupfs")
                : List.of("--root", root.toString());
    }

    private boolean isCrun() {
        return program.endsWith("crun");
    }

    static Map<String, String> environment() {
        return ENVIRONMENT;
    }

    /** Removes from the calling thread's mount namespace what the runtime can't stand. */
    void adapt() throws IOException {
        if (unifiedBeside.isPresent() && isCrun()) {
            calls.unmount(unifiedBeside.get().toString());
        }
    }

    /** Runs a command of the runtime to its end. */
    Answer run(List<String> arguments) throws IOException {
        List<String> command = command(arguments);
        return threads.run("runtime", () -> {
            adapt();
            int[] pipe = calls.pipe();
            int pid;
            try {
                pid = calls.spawn(command, ENVIRONMENT, Map.of(1, pipe[1], 2, pipe[1]));
            } finally {
                calls.close(pipe[1]);
            }
            try {
                String output = new String(calls.readAll(pipe[0]), StandardCharsets.UTF_8);
                return new Answer(calls.await(pid), output.strip());
            } finally {
                calls.close(pipe[0]);
            }
        });
    }

    /** The same as a command line, for a caller who starts it by himself. */
    List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.addAll(globalArguments());
        command.addAll(arguments);
        return command;
    }
}
