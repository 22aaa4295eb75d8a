package dev.agentcontainers.nodeagent.linux.fence;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** Something in an agent's place that runs agent.py and does what it is told. */
abstract class Attacker implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SandboxId id = new SandboxId(UUID.randomUUID().toString());

    /** Where requests are written to. */
    abstract Writer requests();

    abstract BufferedReader answers();

    abstract NetworkAttachment network();

    SandboxId id() {
        return id;
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
        requests().write(JSON.writeValueAsString(Arrays.asList(request)) + "\n");
        requests().flush();
    }

    String answer() throws IOException {
        String line = answers().readLine();
        if (line == null) {
            throw new EOFException("the agent has ended");
        }
        return JSON.readValue(line, String.class);
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
        return Capture.start(List.of("nsenter", "--net=/proc/" + network().pid() + "/ns/net"), "eth0", filter);
    }
}
