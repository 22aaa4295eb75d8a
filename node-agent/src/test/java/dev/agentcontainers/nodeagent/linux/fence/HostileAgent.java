package dev.agentcontainers.nodeagent.linux.fence;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** A process with all capabilities in a user and network namespace of its own, and no seccomp. */
final class HostileAgent implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SandboxId id = new SandboxId(UUID.randomUUID().toString());
    private final Process process;
    private final BufferedReader answers;
    private final Writer requests;

    private HostileAgent(Process process) {
        this.process = process;
        this.answers = process.inputReader();
        this.requests = process.outputWriter();
    }

    static HostileAgent start(Path program) throws IOException {
        Process process = new ProcessBuilder(
                        "unshare", "--user", "--net", "--map-root-user", "/usr/bin/python3", program.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        HostileAgent agent = new HostileAgent(process);
        // Its answer shows that it is in its namespaces.
        agent.request("shell", "true");
        return agent;
    }

    SandboxId id() {
        return id;
    }

    Process process() {
        return process;
    }

    NetworkAttachment network() {
        return new NetworkAttachment(process.pid());
    }

    /** Runs a function of agent.py; its answer, or the error. */
    String request(Object... request) {
        try {
            send(request);
            return answer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void send(Object... request) throws IOException {
        requests.write(JSON.writeValueAsString(Arrays.asList(request)) + "\n");
        requests.flush();
    }

    String answer() throws IOException {
        return JSON.readValue(answers.readLine(), String.class);
    }

    String tcp(String host, int port) {
        return request("tcp", host, port);
    }

    String udp(String host, int port) {
        return request("udp", host, port);
    }

    String shell(String command) {
        return request("shell", command);
    }

    /** Captures what leaves its interface. */
    Capture capture(String filter) throws IOException {
        return Capture.start(List.of("nsenter", "--net=/proc/" + process.pid() + "/ns/net"), "eth0", filter);
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
