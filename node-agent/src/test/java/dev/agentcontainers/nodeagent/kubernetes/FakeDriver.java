package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A driver whose sandboxes are entries of a map and run until they are stopped. */
public final class FakeDriver implements IsolationDriver {
    private static final int TERMINATED = 143;
    private static final int KILLED = 137;

    private final Map<SandboxId, SandboxState> sandboxes = new HashMap<>();
    private final List<SandboxSpec> created = new ArrayList<>();
    private long nextPid = 1000;

    @Override
    public String name() {
        return "process";
    }

    @Override
    public DriverProbe probe() {
        return new DriverProbe.Ready(
                "fake 1.0", IsolationLevel.Process, List.of("ephemeral-storage"), List.of("only a fake"));
    }

    /** What was created so far, in order. */
    public synchronized List<SandboxSpec> created() {
        return List.copyOf(created);
    }

    @Override
    public void prepare(SandboxSpec spec) {}

    @Override
    public synchronized NetworkAttachment create(SandboxSpec spec) {
        NetworkAttachment network = new NetworkAttachment(nextPid++);
        created.add(spec);
        sandboxes.put(spec.id(), new SandboxState.Created(network));
        return network;
    }

    @Override
    public synchronized void start(SandboxId id) {
        if (sandboxes.get(id) instanceof SandboxState.Created(NetworkAttachment network)) {
            sandboxes.put(id, new SandboxState.Running(network, Instant.now()));
        }
    }

    @Override
    public void update(SandboxSpec spec) {}

    @Override
    public synchronized SandboxState state(SandboxId id) {
        return sandboxes.getOrDefault(id, new SandboxState.Absent());
    }

    @Override
    public synchronized ExitStatus awaitExit(SandboxId id) throws InterruptedException {
        while (true) {
            if (sandboxes.get(id) instanceof SandboxState.Exited(ExitStatus exit)) {
                return exit;
            }
            wait();
        }
    }

    @Override
    public void terminate(SandboxId id) {
        exit(id, TERMINATED);
    }

    @Override
    public void kill(SandboxId id) {
        exit(id, KILLED);
    }

    /** Lets the agent end by itself. */
    public synchronized void exit(SandboxId id, int code) {
        if (sandboxes.get(id) instanceof SandboxState.Running) {
            sandboxes.put(id, new SandboxState.Exited(new ExitStatus(code, Instant.now(), false)));
            notifyAll();
        }
    }

    @Override
    public synchronized void remove(SandboxId id) {
        sandboxes.remove(id);
    }

    @Override
    public synchronized void purge(SandboxId id) {
        sandboxes.remove(id);
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) {
        throw new UnsupportedOperationException();
    }

    @Override
    public synchronized Set<SandboxId> list() {
        return Set.copyOf(sandboxes.keySet());
    }

    /** Those that run. */
    public synchronized Set<SandboxId> running() {
        Set<SandboxId> running = new java.util.HashSet<>();
        sandboxes.forEach((id, state) -> {
            if (state instanceof SandboxState.Running) {
                running.add(id);
            }
        });
        return running;
    }

    @Override
    public Path log(SandboxId id) {
        return Path.of("no-log-" + id);
    }

    @Override
    public Optional<SandboxStats> stats(SandboxId id) {
        return Optional.empty();
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) {
        throw new UnsupportedOperationException("a fake runs nothing");
    }
}
