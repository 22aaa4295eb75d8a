package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs the OCI runtime in the mount namespace of a sandbox, where its state is. */
record RuntimeCommand(
        Tools tools,
        Shim shim,
        ProcessCalls processes,
        DescriptorCalls descriptors,
        HandoverCalls handovers,
        Readiness readiness,
        Mounts mounts,
        Duration patience) {
    /** Above it an exit code is this and a signal's number. */
    private static final int BY_SIGNAL = 128;

    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");

    /**
     * Runs it to its end, which is waited for no longer than {@link #patience}.
     *
     * @throws dev.agentcontainers.nodeagent.linux.namespace.SystemCallException where it was never begun
     * @throws RefusedException with the runtime's own message where it fails
     * @throws IOException where it was killed
     */
    void run(SandboxFiles files, long shimPid, List<String> command) throws IOException {
        output(files, shimPid, command);
    }

    /** The same; what it prints. */
    String output(SandboxFiles files, long shimPid, List<String> command) throws IOException {
        String name = tools.runtime().getFileName() + " " + command.getFirst();
        Ended ended = new MountNamespace(mounts).inThatOf(shimPid, () -> {
            int[] output = new int[2];
            Shim.check("make a pipe", descriptors.pipe(output));
            try {
                int child;
                try {
                    child = Shim.check("start " + tools.runtime(), processes.spawn(request(files, command, output[1])));
                } finally {
                    descriptors.close(output[1]);
                }
                ChildProcess process = new ChildProcess(processes, descriptors, child, name);
                String text = process.readAll(output[0], patience);
                return new Ended(process.await(patience), text);
            } finally {
                descriptors.close(output[0]);
            }
        });
        if (ended.code() == 0) {
            return ended.text();
        }
        String message = ended.text().isBlank() ? "no message" : ended.text().strip();
        if (ended.code() > BY_SIGNAL) {
            throw new IOException(name + " was killed by signal " + (ended.code() - BY_SIGNAL) + ": " + message);
        }
        throw new RefusedException(ended.code(), name + ": " + message);
    }

    private record Ended(int code, String text) {}

    /** The runtime has ended by itself, and not well. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        private final int code;

        RefusedException(int code, String message) {
            super(message);
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    /** Starts it, with the limits that the agent has, without waiting; the pid, to be waited for. */
    int spawn(
            SandboxFiles files, long shimPid, List<String> command, Map<Integer, Integer> descriptors, boolean terminal)
            throws IOException {
        List<String> limited = InheritedLimits.starting(
                tools.runtime(), arguments(files, command), InheritedLimits.filesOfShim(shimPid));
        SpawnRequest request = new SpawnRequest(
                limited.getFirst(), limited.subList(1, limited.size()), ENVIRONMENT, descriptors, terminal);
        return new MountNamespace(mounts)
                .inThatOf(shimPid, () -> Shim.check("start " + tools.runtime(), processes.spawn(request)));
    }

    private List<String> arguments(SandboxFiles files, List<String> command) {
        List<String> arguments = new ArrayList<>(shim.runtimeArguments(files));
        arguments.addAll(command);
        return arguments;
    }

    private SpawnRequest request(SandboxFiles files, List<String> command, int output) {
        return new SpawnRequest(
                tools.runtime().toString(),
                arguments(files, command),
                ENVIRONMENT,
                Map.of(1, output, 2, output),
                false);
    }

    /** One of our ends of a stream of a process in the sandbox. */
    Descriptor own(int descriptor) {
        return new Descriptor(descriptors, readiness, descriptor);
    }
}
