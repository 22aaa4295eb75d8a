package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Starts further programs in a sandbox whose agent has not been started: of the agent's own files, confined as the agent is, and
 * no children of it. They end with it.
 */
record Companion(RuntimeCommand runtime, SandboxFiles files, long shimPid) {
    static final int STANDARD_OUTPUT = 1;

    private static final int STANDARD_INPUT = 0;
    private static final int STANDARD_ERROR = 2;
    private static final int LONGEST_MESSAGE = 1024;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** What has come of a start. */
    sealed interface Begun {
        /** @param line the first that it wrote, of whichever of its streams; it goes on, or has ended */
        record Said(String line) implements Begun {}

        /** The agent's files have no such program. */
        record Missing() implements Begun {}
    }

    /** @param standardInput a descriptor, which stays the caller's too; empty for none */
    Begun start(List<String> command, OptionalInt standardInput) throws IOException {
        ExecPlace place = ExecPlace.of(files, shimPid);
        Path specification = place.ours(".json");
        try {
            BundleConfiguration.writeProcess(place.bundle().resolve("config.json"), specification, command, false);
            String line = line(
                    command.getFirst(),
                    List.of(
                            "exec",
                            "--detach",
                            "--process",
                            place.theirs(".json").toString(),
                            files.id().value()),
                    standardInput);
            return isMissing(command.getFirst(), line) ? new Begun.Missing() : new Begun.Said(line);
        } finally {
            // It holds the agent's environment.
            Files.deleteIfExists(specification);
        }
    }

    private String line(String program, List<String> command, OptionalInt standardInput) throws IOException {
        int[] said = new int[2];
        Shim.check("make a pipe", runtime.descriptors().pipe(said));
        try {
            ChildProcess process;
            try {
                Map<Integer, Integer> descriptors =
                        new HashMap<>(Map.of(STANDARD_OUTPUT, said[1], STANDARD_ERROR, said[1]));
                standardInput.ifPresent(descriptor -> descriptors.put(STANDARD_INPUT, descriptor));
                int child = runtime.spawn(files, shimPid, command, descriptors, false);
                process = new ChildProcess(runtime.processes(), runtime.descriptors(), child, program);
            } finally {
                runtime.descriptors().close(said[1]);
            }
            process.await(PATIENCE);
            return process.readLine(said[0], LONGEST_MESSAGE, PATIENCE);
        } finally {
            runtime.descriptors().close(said[0]);
        }
    }

    /** Started again, it would begin in vain each time. */
    static SandboxException notReady(String what, String line) {
        return new SandboxException(
                Step.START,
                Kind.INVALID_SPEC,
                what + " does not get ready: " + (line.isBlank() ? "it says nothing" : printable(line)));
    }

    /** It is the agent's to say what it likes. */
    private static String printable(String line) {
        return line.strip().replaceAll("\\p{Cntrl}", "?");
    }

    /** As crun and runc say it, and the program that restricts files. */
    private static boolean isMissing(String program, String message) {
        return message.contains(program) && message.contains("not found in $PATH");
    }
}
