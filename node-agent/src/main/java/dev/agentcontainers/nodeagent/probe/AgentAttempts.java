package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.fence.AgentConnection;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probe.Handler;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.time.Duration;

/**
 * Asks an agent by a driver and a fence. The agent is a stranger: it has the probe's time and so many bytes, whatever it answers
 * and however slowly, and no answer of it leads anywhere but to itself. Thread-safe.
 */
public final class AgentAttempts implements ProbeAttempts {
    /** How long the output of a program that has ended may take to come. */
    private static final Duration LAST_WORDS = Duration.ofMillis(200);

    private final SandboxId id;
    private final IsolationDriver driver;
    private final Fence fence;

    public AgentAttempts(SandboxId id, IsolationDriver driver, Fence fence) {
        this.id = id;
        this.driver = driver;
        this.fence = fence;
    }

    @Override
    public ProbeResult attempt(Probe probe) throws InterruptedException {
        return new BoundedAttempt(probe.timeout()).make(ends -> switch (probe.handler()) {
            case Handler.Exec exec -> run(exec, ends);
            case Handler.HttpGet get -> get(get, ends);
            case Handler.TcpSocket socket -> connect(socket, ends);
        });
    }

    private ProbeResult run(Handler.Exec exec, BoundedAttempt.Ends ends)
            throws SandboxException, IOException, InterruptedException {
        ExecSession begun = driver.exec(id, new ExecRequest(exec.command(), false, false));
        ExecSession session = ends.own(begun, begun::hasBegun);
        LastWords words = LastWords.of(session);
        int code = session.awaitExit();
        if (code == 0) {
            return new ProbeResult.Success();
        }
        return new ProbeResult.Failure("exit code " + code + words.within(LAST_WORDS));
    }

    private ProbeResult get(Handler.HttpGet get, BoundedAttempt.Ends ends) throws SandboxException, IOException {
        AgentConnection connection = ends.own(fence.connect(id, get.port()));
        connection.await();
        int status = new HttpRequest(get, connection).status();
        return HttpRequest.isSuccess(status)
                ? new ProbeResult.Success()
                : new ProbeResult.Failure("answered with status " + status);
    }

    private ProbeResult connect(Handler.TcpSocket socket, BoundedAttempt.Ends ends)
            throws SandboxException, IOException {
        AgentConnection connection = ends.own(fence.connect(id, socket.port()));
        connection.await();
        return new ProbeResult.Success();
    }
}
