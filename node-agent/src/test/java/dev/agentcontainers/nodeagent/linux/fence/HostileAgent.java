package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;

/** A process with all capabilities in a user and network namespace of its own, and no seccomp. */
final class HostileAgent extends Attacker {
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

    Process process() {
        return process;
    }

    @Override
    Writer requests() {
        return requests;
    }

    @Override
    BufferedReader answers() {
        return answers;
    }

    @Override
    NetworkAttachment network() {
        return new NetworkAttachment(process.pid());
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
