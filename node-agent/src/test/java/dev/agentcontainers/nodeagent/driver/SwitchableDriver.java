package dev.agentcontainers.nodeagent.driver;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A driver whose tool a test can take away and give back; notes what it is asked for. */
public final class SwitchableDriver implements IsolationDriver {
    public static final DriverProbe.Ready READY =
            new DriverProbe.Ready("tool 1", IsolationLevel.Process, List.of(), List.of());
    public static final DriverProbe.NotReady MISSING = new DriverProbe.NotReady("the tool is missing");

    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final Map<SandboxId, SandboxStats> stats = new ConcurrentHashMap<>();
    private volatile boolean there;
    private volatile IsolationLevel level = IsolationLevel.Process;
    private volatile int failures;

    public SwitchableDriver(boolean there) {
        this.there = there;
    }

    public void tool(boolean isThere) {
        there = isThere;
    }

    /** What it says of itself from now on. */
    public void claim(IsolationLevel claimed) {
        level = claimed;
    }

    /** So many probes fail although the tool is there. */
    public void failProbes(int number) {
        failures = number;
    }

    /** What a sandbox uses from now on. */
    public void uses(SandboxId id, SandboxStats used) {
        stats.put(id, used);
    }

    /** It does not run any more. */
    public void usesNothing(SandboxId id) {
        stats.remove(id);
    }

    public List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    public String name() {
        return "switchable";
    }

    @Override
    public DriverProbe probe() {
        if (failures > 0) {
            failures--;
            return MISSING;
        }
        return there ? new DriverProbe.Ready(READY.version(), level, READY.features(), READY.notes()) : MISSING;
    }

    @Override
    public void prepare(SandboxSpec spec) {
        calls.add("prepare");
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) {
        calls.add("create");
        return new NetworkAttachment(1);
    }

    @Override
    public void start(SandboxId id) {
        calls.add("start");
    }

    @Override
    public void update(SandboxSpec spec) {
        calls.add("update");
    }

    @Override
    public SandboxState state(SandboxId id) {
        return new SandboxState.Running(new NetworkAttachment(1), Instant.EPOCH);
    }

    @Override
    public SandboxState.ExitStatus awaitExit(SandboxId id) {
        return new SandboxState.ExitStatus(0, Instant.EPOCH, false);
    }

    @Override
    public void terminate(SandboxId id) {
        calls.add("terminate");
    }

    @Override
    public void kill(SandboxId id) {
        calls.add("kill");
    }

    @Override
    public void remove(SandboxId id) {
        calls.add("remove");
    }

    @Override
    public void purge(SandboxId id) {
        calls.add("purge");
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<SandboxId> list() {
        return Set.of(new SandboxId("a"));
    }

    @Override
    public Path log(SandboxId id) {
        return Path.of("/nowhere", id.value());
    }

    @Override
    public Optional<SandboxStats> stats(SandboxId id) {
        return Optional.ofNullable(stats.get(id));
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) {
        throw new UnsupportedOperationException("not part of these tests");
    }
}
