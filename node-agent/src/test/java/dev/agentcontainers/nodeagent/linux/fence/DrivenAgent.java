package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * An agent as users have them, made by the driver, whose program attacks. It is spoken to through pipes in its workspace,
 * so that the attacks come from its own first process.
 */
final class DrivenAgent extends Attacker {
    private static final String CONVERSE =
            "exec python3 /opt/agent/agent.py </workspace/requests >/workspace/answers 2>/workspace/errors";

    private final IsolationDriver driver;
    private final Path workspace;
    private final NetworkAttachment network;
    private Optional<Writer> requests = Optional.empty();
    private Optional<BufferedReader> answers = Optional.empty();

    private DrivenAgent(IsolationDriver driver, OciSettings settings) throws SandboxException {
        this.driver = driver;
        SandboxSpec spec = new SandboxSpec(
                id(),
                "attacker",
                Map.of(),
                List.of("/bin/sh", "-c", CONVERSE),
                "/workspace",
                Map.of(),
                ResourceAmounts.NONE,
                List.of(
                        new ResolvedMount.Workspace("/workspace", true),
                        new ResolvedMount.Files(
                                "/opt/agent",
                                Map.of("agent.py", resource("agent.py"), "Fetch.java", resource("Fetch.java")),
                                false)));
        driver.prepare(spec);
        this.network = driver.create(spec);
        this.workspace = settings.stateDirectory().resolve("sandboxes/" + id().value() + "/workspace/workspace");
    }

    /** Its namespaces exist and nothing of it has run. */
    static DrivenAgent create(IsolationDriver driver, OciSettings settings) throws SandboxException {
        DrivenAgent agent = new DrivenAgent(driver, settings);
        for (String pipe : List.of("requests", "answers")) {
            Machine.run("mkfifo", "-m", "666", agent.workspace.resolve(pipe).toString());
        }
        return agent;
    }

    private static byte[] resource(String name) {
        try (InputStream stream = Objects.requireNonNull(DrivenAgent.class.getResourceAsStream(name))) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets its first instruction run. */
    void start() throws IOException, SandboxException {
        driver.start(id());
        requests = Optional.of(Files.newBufferedWriter(workspace.resolve("requests")));
        answers = Optional.of(Files.newBufferedReader(workspace.resolve("answers")));
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
    public void close() throws IOException, SandboxException {
        driver.purge(id());
        if (requests.isPresent()) {
            requests.get().close();
        }
        if (answers.isPresent()) {
            answers.get().close();
        }
    }
}
