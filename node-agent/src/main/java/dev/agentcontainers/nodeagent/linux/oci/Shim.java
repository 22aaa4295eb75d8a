package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Starts conmon, which creates the container, keeps its output and exit code, and has no tie to this process: it is in
 * control groups of its own and nobody's child. Source: github.com/containers/conmon, src/{conmon,parent_pipe_fd}.c.
 */
record Shim(Tools tools, OciSettings settings, ProcessCalls processes, DescriptorCalls descriptors) {
    private static final int SYNC = 3;
    private static final int GO = 4;

    /** Goes to the directory of its first argument, since conmon writes a file "oom" to where it is; becomes the rest. */
    private static final String LAUNCHER = "cd \"$1\" || exit 71; shift; %s; exec \"$@\"";

    /**
     * Starts a shim that waits, in the mount namespace of the calling thread. The bundle's directory is there, what belongs
     * in it need not be.
     *
     * @param openFiles of each process that the shim starts, and of its own
     * @param mark variables that the shim and the runtime are to have
     */
    ShimLaunch launch(SandboxFiles files, long openFiles, Map<String, String> mark) throws IOException {
        int[] sync = new int[2];
        check("make a pipe", descriptors.pipe(sync));
        int[] go = new int[2];
        try {
            check("make a pipe", descriptors.pipe(go));
        } catch (IOException e) {
            descriptors.close(sync[0]);
            descriptors.close(sync[1]);
            throw e;
        }
        try {
            int child =
                    check("start " + tools.shim(), processes.spawn(request(files, openFiles, mark, sync[1], go[0])));
            return new ShimLaunch(this, child, sync[0], go[1]);
        } catch (IOException e) {
            descriptors.close(sync[0]);
            descriptors.close(go[1]);
            throw e;
        } finally {
            descriptors.close(sync[1]);
            descriptors.close(go[0]);
        }
    }

    private SpawnRequest request(SandboxFiles files, long openFiles, Map<String, String> mark, int sync, int go) {
        Map<String, String> environment = new HashMap<>(mark);
        environment.put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        environment.put("_OCI_SYNCPIPE", Integer.toString(SYNC));
        environment.put("_OCI_STARTPIPE", Integer.toString(GO));
        List<String> arguments = new ArrayList<>(List.of(
                "-c",
                LAUNCHER.formatted(InheritedLimits.script(openFiles)),
                "sh",
                files.bundle().toString()));
        arguments.addAll(List.of(tools.shim().toString(), "--api-version", "1"));
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
        arguments.addAll(List.of("--persist-dir", files.run().toString(), "--full-attach"));
        if (!tools.gvisor()) {
            // Programs over gVisor reach no keyring of the host's, and runsc does not know the flag.
            arguments.add("--no-new-keyring");
        }
        arguments.addAll(List.of("-l", "k8s-file:" + files.log()));
        if (settings.logLimitBytes() > 0) {
            arguments.addAll(List.of("--log-size-max", Long.toString(settings.logLimitBytes())));
        }
        for (String argument : runtimeArguments(files)) {
            arguments.addAll(List.of("--runtime-arg=" + argument));
        }
        return new SpawnRequest("/bin/sh", arguments, environment, Map.of(SYNC, sync, GO, go), false);
    }

    List<String> runtimeArguments(SandboxFiles files) {
        List<String> arguments = new ArrayList<>(List.of("--root=" + files.runtimeState()));
        arguments.addAll(tools.options());
        return arguments;
    }

    static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
