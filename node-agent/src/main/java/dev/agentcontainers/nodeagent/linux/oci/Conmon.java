package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.linux.cgroup.Cgroups;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Starts conmon, which creates the sandbox with the runtime, keeps its output and writes its exit code, outside the node
 * agent's control groups. Source: conmon(8).
 */
final class Conmon {
    private static final int SYNC = 3;
    private static final int BUFFER = 4096;

    /** Moves the shell into every group named in the first argument, then becomes the rest. */
    private static final String ENTER_AND_BECOME =
            "IFS=:; for group in $1; do echo $$ > \"$group/cgroup.procs\" || exit 125; done; shift; exec \"$@\"";

    private final Path program;
    private final Runtime runtime;
    private final SandboxFiles files;
    private final Cgroups cgroups;
    private final LinuxCalls calls;
    private final long logLimitBytes;

    Conmon(Path program, Runtime runtime, SandboxFiles files, Cgroups cgroups, LinuxCalls calls, long logLimitBytes) {
        this.program = program;
        this.runtime = runtime;
        this.files = files;
        this.cgroups = cgroups;
        this.calls = calls;
        this.logLimitBytes = logLimitBytes;
    }

    /**
     * Creates the sandbox of the bundle. To be called on a thread whose mount namespace holds the bundle's root and suits
     * the runtime.
     *
     * @return the process id of the sandbox's first process
     * @throws IOException with what the runtime said, where it could not create it
     */
    int create(SandboxId id) throws IOException {
        int[] sync = calls.pipe();
        int parent;
        try {
            Map<String, String> environment = new LinkedHashMap<>(Runtime.environment());
            environment.put("_OCI_SYNCPIPE", Integer.toString(SYNC));
            parent = calls.spawn(command(id), environment, Map.of(SYNC, sync[1]));
        } finally {
            calls.close(sync[1]);
        }
        try {
            int exit = calls.await(parent);
            String answer = firstLine(sync[0]);
            if (exit != 0) {
                throw new IOException(
                        program + " ended with exit code " + exit + (answer.isBlank() ? "" : ": " + answer));
            }
            return pidOf(answer);
        } finally {
            calls.close(sync[0]);
        }
    }

    /** conmon keeps its end open while the sandbox lives, so the end of the first line is the end of the answer. */
    private String firstLine(int descriptor) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] buffer = new byte[BUFFER];
        int count = calls.read(descriptor, buffer, BUFFER);
        while (count > 0) {
            line.write(buffer, 0, count);
            if (buffer[count - 1] == '\n') {
                break;
            }
            count = calls.read(descriptor, buffer, BUFFER);
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }

    private List<String> command(SandboxId id) throws IOException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", ENTER_AND_BECOME, "conmon", groups()));
        command.add(program.toString());
        option(command, "--cid", id.value());
        option(command, "--cuuid", id.value());
        option(command, "--name", id.value());
        option(command, "--bundle", files.run(id).toString());
        option(command, "--runtime", runtime.program().toString());
        for (String argument : runtime.globalArguments()) {
            option(command, "--runtime-arg", argument);
        }
        option(command, "--exit-dir", files.exits().toString());
        option(command, "--persist-dir", files.run(id).toString());
        option(command, "--conmon-pidfile", files.conmonPid(id).toString());
        option(command, "--container-pidfile", files.run(id).resolve("pid").toString());
        option(command, "--socket-dir-path", files.run(id).toString());
        command.add("--full-attach");
        option(command, "--log-path", "k8s-file:" + files.log(id));
        if (logLimitBytes > 0) {
            option(command, "--log-size-max", Long.toString(logLimitBytes));
        }
        return command;
    }

    private String groups() throws IOException {
        return String.join(
                ":", cgroups.shimGroups().stream().map(Path::toString).toList());
    }

    private static void option(List<String> command, String name, String value) {
        command.add(name);
        command.add(value);
    }

    /** conmon answers with a JSON object: {@code pid}, which is negative on failure, and {@code message}. */
    private static int pidOf(String line) throws IOException {
        if (line.isEmpty()) {
            throw new IOException("conmon ended without an answer");
        }
        JsonNode answer = new ObjectMapper().readTree(line);
        int pid = answer.path("pid").asInt(-1);
        if (pid > 0) {
            return pid;
        }
        throw new IOException(answer.path("message").asText("the runtime gave no reason"));
    }

    /** conmon's process for that sandbox, where it lives. */
    Optional<ProcessHandle> find(SandboxId id) {
        try {
            long pid = Long.parseLong(Files.readString(files.conmonPid(id)).strip());
            String commandLine = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
            return commandLine.contains("\0--cuuid\0" + id + "\0") ? ProcessHandle.of(pid) : Optional.empty();
        } catch (NoSuchFileException | NumberFormatException e) {
            return Optional.empty();
        } catch (IOException e) {
            // A process that ends while it is read.
            return Optional.empty();
        }
    }
}
