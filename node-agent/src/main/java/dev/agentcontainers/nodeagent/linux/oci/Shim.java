package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Starts conmon, which creates the container, keeps its output and exit code, and has no tie to this process: it is in
 * control groups of its own and nobody's child. Source: github.com/containers/conmon, src/{conmon,parent_pipe_fd}.c.
 */
record Shim(Tools tools, OciSettings settings, ProcessCalls processes, DescriptorCalls descriptors) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SYNC = 3;

    private static final int CGROUPS_REFUSED = 70;

    /**
     * Goes to the directory of its first argument, since conmon writes a file "oom" to where it is; moves itself into the
     * control group of each file up to "--"; becomes the rest.
     */
    private static final String LAUNCHER =
            "cd \"$1\" || exit 70; shift; while [ \"$1\" != -- ]; do echo 0 > \"$1\" || exit 70; shift; done; shift;"
                    + " exec \"$@\"";

    /**
     * Creates the container, in the mount namespace of the calling thread.
     *
     * @return the pid of the agent's first process, which waits to be started
     * @throws IOException with the runtime's own message where it fails
     */
    long create(SandboxFiles files, List<Path> cgroups) throws IOException {
        int[] sync = new int[2];
        check("make a pipe", descriptors.pipe(sync));
        try {
            int child;
            try {
                child = check("start " + tools.shim(), processes.spawn(request(files, cgroups, sync[1])));
            } finally {
                descriptors.close(sync[1]);
            }
            int code =
                    new ChildProcess(processes, descriptors, child, tools.shim().toString()).await(settings.patience());
            if (code != 0) {
                throw new IOException(
                        code == CGROUPS_REFUSED
                                ? "the control groups " + cgroups + " could not be joined"
                                : tools.shim() + " ended with code " + code);
            }
            return readAnswer(sync[0]);
        } finally {
            descriptors.close(sync[0]);
        }
    }

    private SpawnRequest request(SandboxFiles files, List<Path> cgroups, int sync) {
        List<String> arguments =
                new ArrayList<>(List.of("-c", LAUNCHER, "sh", files.bundle().toString()));
        cgroups.forEach(file -> arguments.add(file.toString()));
        arguments.addAll(List.of("--", tools.shim().toString()));
        arguments.addAll(List.of("--api-version", "1"));
        arguments.addAll(List.of(
                "-c",
                files.id().value(),
                "-u",
                files.id().value(),
                "-n",
                files.id().value()));
        arguments.addAll(
                List.of("-r", tools.runtime().toString(), "-b", files.bundle().toString()));
        arguments.addAll(
                List.of("-p", files.pid().toString(), "-P", files.shimPid().toString()));
        arguments.addAll(List.of("--persist-dir", files.run().toString(), "--full-attach", "--no-new-keyring"));
        arguments.addAll(List.of("-l", "k8s-file:" + files.log()));
        if (settings.logLimitBytes() > 0) {
            arguments.addAll(List.of("--log-size-max", Long.toString(settings.logLimitBytes())));
        }
        for (String argument : runtimeArguments(files)) {
            arguments.addAll(List.of("--runtime-arg=" + argument));
        }
        return new SpawnRequest(
                "/bin/sh",
                arguments,
                Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "_OCI_SYNCPIPE", Integer.toString(SYNC)),
                Map.of(SYNC, sync),
                false);
    }

    List<String> runtimeArguments(SandboxFiles files) {
        List<String> arguments = new ArrayList<>(List.of("--root=" + files.runtimeState()));
        if (tools.isCrun()) {
            arguments.add("--cgroup-manager=cgroupfs");
        }
        return arguments;
    }

    /** A line {@code {"data": pid}}, or a negative number and {@code "message"}. */
    private long readAnswer(int sync) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        long giveUp = System.nanoTime() + settings.patience().toNanos();
        byte[] buffer = new byte[8192];
        while (System.nanoTime() < giveUp) {
            boolean[] ready = new boolean[1];
            if (processes.awaitReadable(new int[] {sync}, ready, 1000) <= 0) {
                continue;
            }
            int count = descriptors.read(sync, buffer);
            answer.write(buffer, 0, Math.max(count, 0));
            String text = answer.toString(StandardCharsets.UTF_8);
            if (count <= 0 || text.endsWith("\n")) {
                return pidIn(text);
            }
        }
        throw new IOException(tools.runtime() + " did not create the container within "
                + settings.patience().toSeconds() + " s");
    }

    private long pidIn(String answer) throws IOException {
        try {
            JsonNode json = JSON.readTree(answer);
            long pid = json.path("data").asLong(-1);
            if (pid > 0) {
                return pid;
            }
            throw new IOException(tools.runtime().getFileName() + ": "
                    + json.path("message").asText("no message").strip());
        } catch (JsonProcessingException e) {
            throw new IOException(tools.shim().getFileName() + " answered '" + answer.strip() + "'", e);
        }
    }

    static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
