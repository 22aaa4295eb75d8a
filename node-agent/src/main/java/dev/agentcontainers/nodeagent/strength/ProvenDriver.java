package dev.agentcontainers.nodeagent.strength;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A driver that begins no agent while its last probe found that it can't, or while it is not known how strongly it isolates, and
 * that counts for no more than what was measured. What it already holds is overseen, stopped and removed as ever.
 * Thread-safe.
 */
public final class ProvenDriver implements IsolationDriver, AutoCloseable {
    private final IsolationDriver driver;
    private volatile DriverProbe launched = new DriverProbe.NotReady("it was not probed yet");
    private volatile Optional<StrengthReport> report = Optional.empty();
    private volatile Optional<DriverProbe.Ready> lastReady = Optional.empty();

    public ProvenDriver(IsolationDriver driver) {
        this.driver = driver;
    }

    @Override
    public String name() {
        return driver.name();
    }

    /**
     * Launches now; a driver that was ready is only taken for not ready where it fails twice. A report of another version than the
     * one that was found does not count.
     */
    @Override
    public DriverProbe probe() {
        DriverProbe found = driver.probe();
        if (launched instanceof DriverProbe.Ready && found instanceof DriverProbe.NotReady) {
            found = driver.probe();
        }
        launched = found;
        return last();
    }

    /** Takes a report that was made before, of the same suite and on the same kernel. */
    public void remember(StrengthReport earlier) {
        report = Optional.of(earlier);
        last();
    }

    /** Whether agents could be launched, but nothing is known yet of how strongly it isolates them. */
    public boolean isUnproven() {
        return launched instanceof DriverProbe.Ready ready && reportOf(ready).isEmpty();
    }

    /** Measures it now, where agents can be launched. */
    public Optional<StrengthReport> measure(StrengthSuite suite) throws InterruptedException {
        if (!(launched instanceof DriverProbe.Ready ready)) {
            return Optional.empty();
        }
        StrengthReport measured = suite.measure(driver, ready);
        report = Optional.of(measured);
        last();
        return report;
    }

    /** Of the version that was last found. */
    public Optional<StrengthReport> report() {
        return launched instanceof DriverProbe.Ready ready ? reportOf(ready) : Optional.empty();
    }

    private Optional<StrengthReport> reportOf(DriverProbe.Ready ready) {
        return report.filter(made -> made.version().equals(ready.version()));
    }

    /** What is known now: ready only as strongly as was measured. */
    public DriverProbe last() {
        DriverProbe now = launched instanceof DriverProbe.Ready ready ? judged(ready) : launched;
        if (now instanceof DriverProbe.Ready ready) {
            lastReady = Optional.of(ready);
        }
        return now;
    }

    private DriverProbe judged(DriverProbe.Ready ready) {
        Optional<StrengthReport> made = reportOf(ready);
        if (made.isEmpty()) {
            return new DriverProbe.NotReady(
                    "how strongly it isolates is being measured: agents are placed once that is known");
        }
        Optional<IsolationLevel> strength = made.get().strength();
        if (strength.isEmpty()) {
            return new DriverProbe.NotReady("its isolation does not hold: " + failures(made.get()));
        }
        if (strength.get() == ready.strength()) {
            return ready;
        }
        List<String> notes = new ArrayList<>(ready.notes());
        notes.add("counts as %s and not as %s: %s".formatted(strength.get(), ready.strength(), failures(made.get())));
        return new DriverProbe.Ready(ready.version(), strength.get(), ready.features(), notes);
    }

    private static String failures(StrengthReport report) {
        List<ProbeResult> failures = report.failures();
        if (failures.isEmpty()) {
            return "nothing could be attempted";
        }
        ProbeResult first = failures.getFirst();
        return first.probe() + " (" + first.evidence() + ")"
                + (failures.size() > 1 ? " and " + (failures.size() - 1) + " more" : "");
    }

    /**
     * Why agents that were begun with it are not isolated as strongly as it promises; empty where they are, and where that is not
     * known.
     */
    public Optional<String> weakness() {
        if (!(launched instanceof DriverProbe.Ready ready)) {
            return Optional.empty();
        }
        return reportOf(ready)
                .filter(made -> !made.strength().equals(Optional.of(ready.strength())))
                .map(made -> "The isolation of driver " + name() + " does not hold: " + failures(made));
    }

    /** What was known last while it was ready: what agents that run were begun with, unless it has turned out to be less. */
    public DriverProbe measured() {
        DriverProbe now = last();
        if (weakness().isPresent()) {
            return now;
        }
        return lastReady.map(DriverProbe.class::cast).orElse(now);
    }

    @Override
    public void prepare(SandboxSpec spec) throws SandboxException {
        if (last() instanceof DriverProbe.NotReady(String reason)) {
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
