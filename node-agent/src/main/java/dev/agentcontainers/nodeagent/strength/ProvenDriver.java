package dev.agentcontainers.nodeagent.strength;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.io.IOException;
import java.nio.channels.ByteChannel;
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
    private volatile boolean inconclusive;
    private volatile Optional<String> weakness = Optional.empty();
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
        judge(earlier);
        last();
    }

    /** Whether agents could be launched, but it is not known of each attempt what comes of it. */
    public boolean isUnproven() {
        return launched instanceof DriverProbe.Ready ready
                && (inconclusive || reportOf(ready).isEmpty());
    }

    /** Measures it now, where agents can be launched. One that is not conclusive does not take the place of one that is. */
    public Optional<StrengthReport> measure(StrengthSuite suite) throws InterruptedException {
        if (!(launched instanceof DriverProbe.Ready ready)) {
            return Optional.empty();
        }
        StrengthReport measured = suite.measure(driver, ready);
        inconclusive = !measured.isConclusive();
        boolean nothingBetter =
                reportOf(ready).filter(StrengthReport::isConclusive).isEmpty();
        if (!inconclusive || nothingBetter || !measured.failures().isEmpty()) {
            report = Optional.of(measured);
        }
        judge(measured);
        last();
        return Optional.of(measured);
    }

    /** What was found to be weak is so until it is found to hold: agents that were begun with it may still run. */
    private void judge(StrengthReport made) {
        boolean weak =
                made.failures().stream().anyMatch(failure -> failure.level().compareTo(made.claimed()) <= 0);
        if (weak) {
            weakness =
                    Optional.of("The isolation of driver " + name() + " does not hold: " + described(made.failures()));
        } else if (made.isConclusive()) {
            weakness = Optional.empty();
        }
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
        StrengthReport known = made.get();
        Optional<IsolationLevel> strength = known.strength();
        if (strength.isEmpty()) {
            return new DriverProbe.NotReady(
                    known.failures().isEmpty()
                            ? "how strongly it isolates could not be measured, which is tried again: "
                                    + described(known.unknown())
                            : "its isolation does not hold: " + described(known.failures()));
        }
        // What is there now may be weaker than what was measured.
        if (strength.get().compareTo(ready.strength()) >= 0) {
            return ready;
        }
        List<ProbeResult> against = known.failures().isEmpty() ? known.unknown() : known.failures();
        List<String> notes = new ArrayList<>(ready.notes());
        notes.add("counts as %s and not as %s: %s".formatted(strength.get(), ready.strength(), described(against)));
        return new DriverProbe.Ready(ready.version(), strength.get(), ready.features(), notes);
    }

    @Override
    public ResourceAmounts overhead() {
        return driver.overhead();
    }

    @Override
    public Optional<String> shortOf(IsolationLevel level) {
        return last() instanceof DriverProbe.Ready ready && ready.strength().compareTo(level) < 0
                ? Optional.of(
                        "the isolation driver '%s' counts as %s on this node at present, and the agent must have %s%s"
                                .formatted(
                                        name(),
                                        ready.strength(),
                                        level,
                                        ready.notes().isEmpty() ? "" : ": " + String.join("; ", ready.notes())))
                : Optional.empty();
    }

    private static String described(List<ProbeResult> against) {
        if (against.isEmpty()) {
            return "nothing could be attempted";
        }
        ProbeResult first = against.getFirst();
        return first.probe() + " (" + first.evidence() + ")"
                + (against.size() > 1 ? " and " + (against.size() - 1) + " more" : "");
    }

    /** Why agents that were begun with it are not isolated as strongly as it promises; empty where that is not known. */
    public Optional<String> weakness() {
        return weakness;
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
        return driver.exec(id, request);
    }

    @Override
    public void close() throws Exception {
        if (driver instanceof AutoCloseable closeable) {
            closeable.close();
        }
    }
}
