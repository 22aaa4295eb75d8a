package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A driver without isolation: a log is a file, a further process a process of this machine. */
final class LocalProcessDriver implements IsolationDriver {
    final List<String> resizes = new CopyOnWriteArrayList<>();
    final List<Process> processes = new CopyOnWriteArrayList<>();
    final Map<SandboxId, SandboxStats> stats = new ConcurrentHashMap<>();
    private final Path folder;

    LocalProcessDriver(Path folder) {
        this.folder = folder;
    }

    @Override
    public Path log(SandboxId id) {
        return folder.resolve(id + ".log");
    }

    @Override
    public Optional<SandboxStats> stats(SandboxId id) {
        return Optional.ofNullable(stats.get(id));
    }

    /** Who waits at the socket of the displays is asked for it. */
    @Override
    public ByteChannel display(SandboxId id) throws SandboxException {
        try {
            return SocketChannel.open(displays());
        } catch (IOException e) {
            throw new SandboxException(
                    SandboxException.Step.EXEC, SandboxException.Kind.TRANSIENT, "the agent's display has ended", e);
        }
    }

    UnixDomainSocketAddress displays() {
        return UnixDomainSocketAddress.of(folder.resolve("displays"));
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException {
        List<String> command = new ArrayList<>(request.command());
        if (request.terminal()) {
            command = List.of("script", "-qec", String.join(" ", command), "/dev/null");
        }
        try {
            Process process = new ProcessBuilder(command).start();
            processes.add(process);
            return new Session(process);
        } catch (IOException e) {
            throw new SandboxException(
                    SandboxException.Step.EXEC,
                    SandboxException.Kind.INVALID_SPEC,
                    "command '" + request.command().getFirst() + "' can't be run: " + e.getMessage(),
                    e);
        }
    }

    private final class Session implements ExecSession {
        private final Process process;

        Session(Process process) {
            this.process = process;
        }

        @Override
        public OutputStream standardInput() {
            return process.getOutputStream();
        }

        @Override
        public InputStream standardOutput() {
            return process.getInputStream();
        }

        @Override
        public InputStream standardError() {
            return process.getErrorStream();
        }

        @Override
        public void resize(int columns, int rows) {
            resizes.add(columns + "x" + rows);
        }

        @Override
        public int awaitExit() throws InterruptedException {
            return process.waitFor();
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Override
    public String name() {
        return "local-process";
    }

    @Override
    public DriverProbe probe() {
        throw notUsed();
    }

    @Override
    public void prepare(SandboxSpec spec) {
        throw notUsed();
    }

    @Override
    public SandboxState.NetworkAttachment create(SandboxSpec spec) {
        throw notUsed();
    }

    @Override
    public void start(SandboxId id) {
        throw notUsed();
    }

    @Override
    public void update(SandboxSpec spec) {
        throw notUsed();
    }

    @Override
    public SandboxState state(SandboxId id) {
        throw notUsed();
    }

    @Override
    public SandboxState.ExitStatus awaitExit(SandboxId id) {
        throw notUsed();
    }

    @Override
    public void terminate(SandboxId id) {
        throw notUsed();
    }

    @Override
    public void kill(SandboxId id) {
        throw notUsed();
    }

    @Override
    public void remove(SandboxId id) {
        throw notUsed();
    }

    @Override
    public void purge(SandboxId id) {
        throw notUsed();
    }

    @Override
    public void onTrial(SandboxId id, Trial trial) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<SandboxId> list() {
        throw notUsed();
    }

    private static UnsupportedOperationException notUsed() {
        return new UnsupportedOperationException("streams need only log, exec and stats");
    }
}
