package dev.agentcontainers.nodeagent.observability;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** A driver whose steps are measured. */
public final class MeteredDriver implements IsolationDriver {
    private final IsolationDriver driver;
    private final StepTimers timers;

    public MeteredDriver(IsolationDriver driver, MeterRegistry registry) {
        this.driver = driver;
        this.timers = new StepTimers(registry);
    }

    @Override
    public String name() {
        return driver.name();
    }

    @Override
    public DriverProbe probe() {
        return driver.probe();
    }

    @Override
    public ResourceAmounts overhead() {
        return driver.overhead();
    }

    @Override
    public Optional<String> shortOf(IsolationLevel level) {
        return driver.shortOf(level);
    }

    @Override
    public void prepare(SandboxSpec spec) throws SandboxException {
        timers.timeAction("prepare", name(), () -> driver.prepare(spec));
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) throws SandboxException {
        return timers.time("create", name(), () -> driver.create(spec));
    }

    @Override
    public void start(SandboxId id) throws SandboxException {
        timers.timeAction("start", name(), () -> driver.start(id));
    }

    @Override
    public void update(SandboxSpec spec) throws SandboxException {
        timers.timeAction("update", name(), () -> driver.update(spec));
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
        timers.timeAction("kill", name(), () -> driver.kill(id));
    }

    @Override
    public void remove(SandboxId id) throws SandboxException {
        timers.timeAction("remove", name(), () -> driver.remove(id));
    }

    @Override
    public void purge(SandboxId id) throws SandboxException {
        timers.timeAction("purge", name(), () -> driver.purge(id));
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
    public Optional<SandboxStats> stats(SandboxId id) throws SandboxException {
        return driver.stats(id);
    }

    @Override
    public ByteChannel display(SandboxId id) throws SandboxException {
        return driver.display(id);
    }

    @Override
    public Optional<KeptFiles> keptFiles() {
        return driver.keptFiles();
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException {
        return timers.time("exec", name(), () -> driver.exec(id, request));
    }
}
