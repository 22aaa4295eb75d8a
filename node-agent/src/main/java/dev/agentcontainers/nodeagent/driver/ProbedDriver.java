package dev.agentcontainers.nodeagent.driver;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * A driver that begins no agent while its last probe found that it can't. What it already holds is overseen, stopped and
 * removed as ever. Thread-safe.
 */
public final class ProbedDriver implements IsolationDriver, AutoCloseable {
    private final IsolationDriver driver;
    private volatile DriverProbe last = new DriverProbe.NotReady("it was not probed yet");
    private volatile Optional<DriverProbe.Ready> measured = Optional.empty();

    public ProbedDriver(IsolationDriver driver) {
        this.driver = driver;
    }

    @Override
    public String name() {
        return driver.name();
    }

    /** Probes now; a driver that was ready is only taken for not ready where it fails twice. */
    @Override
    public DriverProbe probe() {
        DriverProbe found = driver.probe();
        if (last instanceof DriverProbe.Ready && found instanceof DriverProbe.NotReady) {
            found = driver.probe();
        }
        last = found;
        if (found instanceof DriverProbe.Ready ready) {
            measured = Optional.of(ready);
        }
        return found;
    }

    /** What the last probe found. */
    public DriverProbe last() {
        return last;
    }

    /** What the last probe found in which the driver was ready: what agents that run were begun with. */
    public DriverProbe measured() {
        return measured.map(DriverProbe.class::cast).orElse(last);
    }

    @Override
    public void prepare(SandboxSpec spec) throws SandboxException {
        if (last instanceof DriverProbe.NotReady(String reason)) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.TRANSIENT,
                    "the isolation driver '" + name() + "' can't run agents on this node at present: " + reason);
        }
        driver.prepare(spec);
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) throws SandboxException {
        return driver.create(spec);
    }

    @Override
    public void start(SandboxId id) throws SandboxException {
        driver.start(id);
    }

    @Override
    public void update(SandboxSpec spec) throws SandboxException {
        driver.update(spec);
    }

    @Override
    public SandboxState state(SandboxId id) throws SandboxException {
        return driver.state(id);
    }

    @Override
    public SandboxState.ExitStatus awaitExit(SandboxId id) throws SandboxException, InterruptedException {
        return driver.awaitExit(id);
    }

    @Override
    public void terminate(SandboxId id) throws SandboxException {
        driver.terminate(id);
    }

    @Override
    public void kill(SandboxId id) throws SandboxException {
        driver.kill(id);
    }

    @Override
    public void remove(SandboxId id) throws SandboxException {
        driver.remove(id);
    }

    @Override
    public void purge(SandboxId id) throws SandboxException {
        driver.purge(id);
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) throws SandboxException, IOException, InterruptedException {
        driver.onTrial(id, trial);
    }

    @Override
    public Set<SandboxId> list() throws SandboxException {
        return driver.list();
    }

    @Override
    public Path log(SandboxId id) {
        return driver.log(id);
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException {
        return driver.exec(id, request);
    }

    @Override
    public void close() throws Exception {
        if (driver instanceof AutoCloseable closeable) {
            closeable.close();
        }
    }
}
