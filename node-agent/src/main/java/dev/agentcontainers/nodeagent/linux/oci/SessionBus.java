package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The message bus of an agent's session: a D-Bus daemon in the sandbox, of the agent's own files and confined as the agent is,
 * which accepts connections before the agent's first instruction runs. It ends with the agent.
 */
record SessionBus(RuntimeCommand runtime, SandboxFiles files, long shimPid) {
    /** By which programs find their bus. Source: D-Bus specification, "Well-known Message Bus Instances". */
    static final String VARIABLE = "DBUS_SESSION_BUS_ADDRESS";

    private static final String PROGRAM = "dbus-daemon";
    private static final int STANDARD_OUTPUT = 1;
    private static final int STANDARD_ERROR = 2;
    private static final int LONGEST_MESSAGE = 1024;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    static String address(String runtimeDirectory) {
        return "unix:path=" + runtimeDirectory + "/bus";
    }

    /**
     * Starts it in a sandbox whose agent has not been started. Where the agent's files have no such program there is no bus.
     *
     * @throws SandboxException where it does not get ready, with what it said
     */
    void start(String runtimeDirectory) throws IOException, SandboxException {
        ExecPlace place = ExecPlace.of(files, shimPid);
        Path specification = place.ours(".json");
        try {
            BundleConfiguration.writeProcess(
                    place.bundle().resolve("config.json"),
                    specification,
                    List.of(
                            PROGRAM,
                            "--session",
                            "--nofork",
                            "--nopidfile",
                            // Which nobody hears here. What it says else would end it once nobody reads it any more.
                            "--syslog-only",
                            "--address=" + address(runtimeDirectory),
                            // Printed once it accepts connections.
                            "--print-address=" + STANDARD_OUTPUT),
                    false);
            start(List.of(
                    "exec",
                    "--detach",
                    "--process",
                    place.theirs(".json").toString(),
                    files.id().value()));
        } finally {
            // It holds the agent's environment.
            Files.deleteIfExists(specification);
        }
    }

    private void start(List<String> command) throws IOException, SandboxException {
        int[] said = new int[2];
        Shim.check("make a pipe", runtime.descriptors().pipe(said));
        try {
            ChildProcess process;
            try {
                int child = runtime.spawn(
                        files, shimPid, command, Map.of(STANDARD_OUTPUT, said[1], STANDARD_ERROR, said[1]), false);
                process = new ChildProcess(runtime.processes(), runtime.descriptors(), child, PROGRAM);
            } finally {
                runtime.descriptors().close(said[1]);
            }
            process.await(PATIENCE);
            String line = process.readLine(said[0], LONGEST_MESSAGE, PATIENCE);
            if (!line.startsWith("unix:path=") && !isMissing(line)) {
                // Started again, it would begin in vain each time.
                throw new SandboxException(
                        Step.START,
                        Kind.INVALID_SPEC,
                        "the session's " + PROGRAM + " does not get ready: "
                                + (line.isBlank() ? "it says nothing" : printable(line)));
            }
        } finally {
            runtime.descriptors().close(said[0]);
        }
    }

    /** It is the agent's to say what it likes. */
    private static String printable(String line) {
        return line.strip().replaceAll("\\p{Cntrl}", "?");
    }

    /** As crun and runc say it, and the program that restricts files. */
    private static boolean isMissing(String message) {
        return message.contains(PROGRAM) && message.contains("not found in $PATH");
    }
}
