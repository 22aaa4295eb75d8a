package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.oci.HostPrograms;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** An agent of any driver, from an image. It is spoken to through the streams of a process that is begun in it. */
final class DriverAgent extends Attacker {
    private final IsolationDriver driver;
    private final NetworkAttachment network;
    private Optional<ExecSession> session = Optional.empty();
    private Optional<Writer> requests = Optional.empty();
    private Optional<BufferedReader> answers = Optional.empty();

    /**
     * Its namespaces exist and nothing of it has run.
     *
     * @param first what its first process does before it waits
     */
    DriverAgent(IsolationDriver driver, String first) throws SandboxException {
        this.driver = driver;
        SandboxSpec spec = new SandboxSpec(
                id(),
                new SandboxRoot.Image(List.of(HostPrograms.all()), ""),
                "attacker",
                Map.of(),
                List.of("/bin/bash", "-c", first + "\nexec sleep 1000"),
                "/",
                Map.of(),
                ResourceAmounts.NONE,
                ResourceAmounts.NONE,
                List.of(new ResolvedMount.Files("/opt/agent", Map.of("agent.py", program()), false)));
        driver.prepare(spec);
        this.network = driver.create(spec);
    }

    private static byte[] program() {
        try (InputStream stream = Objects.requireNonNull(DriverAgent.class.getResourceAsStream("agent.py"))) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets its first instruction run. */
    void start() throws SandboxException {
        driver.start(id());
        ExecSession begun =
                driver.exec(id(), new ExecRequest(List.of("/usr/bin/python3", "/opt/agent/agent.py"), false, true));
        session = Optional.of(begun);
        requests = Optional.of(new OutputStreamWriter(begun.standardInput(), StandardCharsets.UTF_8));
        answers =
                Optional.of(new BufferedReader(new InputStreamReader(begun.standardOutput(), StandardCharsets.UTF_8)));
    }

    @Override
    Writer requests() {
        return requests.orElseThrow();
    }

    @Override
    BufferedReader answers() {
        return answers.orElseThrow();
    }

    @Override
    NetworkAttachment network() {
        return network;
    }

    @Override
    public void close() throws SandboxException {
        session.ifPresent(ExecSession::close);
        driver.purge(id());
    }
}
