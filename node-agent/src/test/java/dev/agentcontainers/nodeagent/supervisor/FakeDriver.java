package dev.agentcontainers.nodeagent.supervisor;

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
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One process's driver of a {@link FakeMachine}. */
final class FakeDriver implements IsolationDriver {
    private final FakeMachine machine;
    private final Calls calls;

    FakeDriver(FakeMachine machine, Calls calls) {
        this.machine = machine;
        this.calls = calls;
    }

    @Override
    public String name() {
        return "process";
    }

    @Override
    public DriverProbe probe() {
        return new DriverProbe.Ready("fake 1", IsolationLevel.Process, List.of(), List.of());
    }

    @Override
    public ResourceAmounts overhead() {
        return machine.overhead();
    }

    @Override
    public Optional<String> shortOf(IsolationLevel level) {
        return machine.shortOf(level);
    }

    @Override
    public void prepare(SandboxSpec spec) throws SandboxException {
        calls.act("prepare", () -> machine.prepare(spec));
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) throws SandboxException {
        return calls.call("create", () -> machine.create(spec));
    }

    @Override
    public void start(SandboxId id) throws SandboxException {
        calls.act("start", () -> machine.start(id));
    }

    @Override
    public void update(SandboxSpec spec) throws SandboxException {
        calls.act("update", () -> machine.update(spec));
    }

    @Override
    public SandboxState state(SandboxId id) throws SandboxException {
        return calls.call("state", () -> machine.state(id));
    }

    /** Not a point of its own: it lasts as long as the agent, and its threads die with the process. */
    @Override
    public SandboxState.ExitStatus awaitExit(SandboxId id) throws InterruptedException {
        return machine.awaitExit(id);
    }

    @Override
    public void terminate(SandboxId id) throws SandboxException {
        calls.act("terminate", () -> machine.terminate(id));
    }

    @Override
    public void kill(SandboxId id) throws SandboxException {
        calls.act("kill", () -> machine.kill(id));
    }

    @Override
    public void remove(SandboxId id) throws SandboxException {
        calls.act("remove", () -> machine.remove(id));
    }

    @Override
    public void purge(SandboxId id) throws SandboxException {
        calls.act("purge", () -> machine.purge(id));
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<SandboxId> list() throws SandboxException {
        return calls.call("list", machine::list);
    }

    @Override
    public Path log(SandboxId id) {
        return Path.of("/nowhere", id.value());
    }

    /** Not a point of its own: probes ask on threads of theirs. */
    @Override
    public Optional<SandboxStats> stats(SandboxId id) {
        return Optional.empty();
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) {
        return new Ended(machine.answer(id));
    }

    @Override
    public Optional<KeptFiles> keptFiles() {
        return Optional.of(machine.files);
    }

    /** A program that has ended without a word. */
    private record Ended(int code) implements ExecSession {
        @Override
        public OutputStream standardInput() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public InputStream standardOutput() {
            return InputStream.nullInputStream();
        }

        @Override
        public InputStream standardError() {
            return InputStream.nullInputStream();
        }

        @Override
        public void resize(int columns, int rows) {}

        @Override
        public int awaitExit() {
            return code;
        }

        @Override
        public void close() {}
    }
}
