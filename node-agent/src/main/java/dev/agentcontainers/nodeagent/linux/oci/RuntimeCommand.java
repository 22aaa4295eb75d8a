package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs the OCI runtime in the mount namespace of a sandbox, where its state is. */
record RuntimeCommand(Tools tools, Shim shim, ProcessCalls processes, DescriptorCalls descriptors, Mounts mounts) {
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");

    /** @throws IOException with the runtime's own message where it fails */
    void run(SandboxFiles files, long shimPid, List<String> command) throws IOException {
        String failure = new MountNamespace(mounts).inThatOf(shimPid, () -> {
            int[] output = new int[2];
            Shim.check("make a pipe", descriptors.pipe(output));
            int child;
            try {
                child = Shim.check(
                        "start " + tools.runtime(),
                        processes.spawn(request(files, command, Map.of(1, output[1], 2, output[1]), false)));
            } finally {
                descriptors.close(output[1]);
            }
            String text = readAll(output[0]);
            return processes.waitFor(child) == 0 ? "" : text.isBlank() ? "no message" : text;
        });
        if (!failure.isEmpty()) {
            throw new IOException(tools.runtime().getFileName() + " " + command.getFirst() + ": " + failure.strip());
        }
    }

    /** Starts it without waiting; the pid, to be waited for. */
    int spawn(
            SandboxFiles files, long shimPid, List<String> command, Map<Integer, Integer> descriptors, boolean terminal)
            throws IOException {
        return new MountNamespace(mounts)
                .inThatOf(
                        shimPid,
                        () -> Shim.check(
                                "start " + tools.runtime(),
                                processes.spawn(request(files, command, descriptors, terminal))));
    }

    private SpawnRequest request(
            SandboxFiles files, List<String> command, Map<Integer, Integer> passed, boolean terminal) {
        List<String> arguments = new ArrayList<>(shim.runtimeArguments(files));
        arguments.addAll(command);
        return new SpawnRequest(tools.runtime().toString(), arguments, ENVIRONMENT, passed, terminal);
    }

    private String readAll(int descriptor) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int count = descriptors.read(descriptor, buffer);
                    count > 0;
                    count = descriptors.read(descriptor, buffer)) {
                text.write(buffer, 0, count);
            }
        } finally {
            descriptors.close(descriptor);
        }
        return text.toString(StandardCharsets.UTF_8);
    }
}
