package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.linux.process.MountNamespaceThread;
import dev.agentcontainers.nodeagent.linux.process.TerminalStreams;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A further process in a sandbox, by the runtime's {@code exec}. */
final class OciExec implements ExecSession {
    private final LinuxCalls calls;
    private final int pid;
    private final OutputStream input;
    private final InputStream output;
    private final InputStream error;
    private final Optional<LinuxCalls.Terminal> terminal;
    private final CompletableFuture<Integer> exit;

    private OciExec(
            LinuxCalls calls,
            int pid,
            OutputStream input,
            InputStream output,
            InputStream error,
            Optional<LinuxCalls.Terminal> terminal) {
        this.calls = calls;
        this.pid = pid;
        this.input = input;
        this.output = output;
        this.error = error;
        this.terminal = terminal;
        this.exit = new CompletableFuture<>();
        // waitpid(2) blocks its thread; a virtual one would hold its carrier.
        Thread.ofPlatform().daemon().name("exec-" + pid).start(this::reap);
    }

    static OciExec start(OciMachine machine, SandboxId id, ExecRequest request) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("exec"));
        if (request.terminal()) {
            arguments.add("--tty");
        }
        arguments.add(id.value());
        arguments.addAll(request.command());
        List<String> command = machine.runtime().command(arguments);
        return request.terminal() ? onTerminal(machine, command) : onPipes(machine, command);
    }

    private static OciExec onTerminal(OciMachine machine, List<String> command) throws IOException {
        LinuxCalls calls = machine.calls();
        LinuxCalls.Terminal terminal = calls.openTerminal();
        int pid = new MountNamespaceThread(calls).run("exec", () -> {
            machine.runtime().adapt();
            Map<String, String> environment = new HashMap<>(Runtime.environment());
            environment.put("TERM", "xterm-256color");
            return calls.spawnOnTerminal(command, environment, terminal.path());
        });
        return new OciExec(
                calls,
                pid,
                TerminalStreams.output(calls, terminal.descriptor()),
                TerminalStreams.input(calls, terminal.descriptor()),
                InputStream.nullInputStream(),
                Optional.of(terminal));
    }

    private static OciExec onPipes(OciMachine machine, List<String> command) throws IOException {
        LinuxCalls calls = machine.calls();
        int[] input = calls.pipe();
        int[] output = calls.pipe();
        int[] error = calls.pipe();
        int pid;
        try {
            pid = new MountNamespaceThread(calls).run("exec", () -> {
                machine.runtime().adapt();
                return calls.spawn(command, Runtime.environment(), Map.of(0, input[0], 1, output[1], 2, error[1]));
            });
        } finally {
            calls.close(input[0]);
            calls.close(output[1]);
            calls.close(error[1]);
        }
        return new OciExec(
                calls,
                pid,
                take(calls, input[1], path -> new FileOutputStream(path)),
                take(calls, output[0], path -> new FileInputStream(path)),
                take(calls, error[0], path -> new FileInputStream(path)),
                Optional.empty());
    }

    private interface Opening<T> {
        T open(String path) throws IOException;
    }

    /** A stream of the JDK's on the same pipe, in place of the bare descriptor. */
    private static <T> T take(LinuxCalls calls, int descriptor, Opening<T> opening) throws IOException {
        try {
            return opening.open("/proc/self/fd/" + descriptor);
        } finally {
            calls.close(descriptor);
        }
    }

    private void reap() {
        try {
            exit.complete(calls.await(pid));
        } catch (SystemCallException e) {
            exit.completeExceptionally(e);
        }
    }

    @Override
    public OutputStream standardInput() {
        return input;
    }

    @Override
    public InputStream standardOutput() {
        return output;
    }

    @Override
    public InputStream standardError() {
        return error;
    }

    @Override
    public void resize(int columns, int rows) {
        if (terminal.isPresent()) {
            try {
                calls.resize(terminal.get().descriptor(), columns, rows);
            } catch (SystemCallException e) {
                // The process may have ended meanwhile; the size matters to nobody then.
                return;
            }
        }
    }

    @Override
    public int awaitExit() throws InterruptedException {
        try {
            return exit.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of the process can't be known", e);
        }
    }

    @Override
    public void close() {
        if (!exit.isDone()) {
            try {
                calls.signal(pid, LinuxCalls.SIGKILL);
            } catch (SystemCallException e) {
                // It has ended just now.
                exit.isDone();
            }
        }
        terminal.ifPresent(open -> calls.close(open.descriptor()));
    }
}
