package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process that the runtime runs in a sandbox, with pipes, or with a terminal of ours that the runtime relays to. */
final class RuntimeExecSession implements ExecSession {
    private static final Logger LOG = LoggerFactory.getLogger(RuntimeExecSession.class);

    /** Within which a runtime, on a busy machine too, has its terminal ready. */
    private static final Duration BEGINNING = Duration.ofSeconds(10);

    private static final Duration AGAIN = Duration.ofMillis(50);

    private final RuntimeCommand command;
    private final Descriptor input;
    private final Descriptor output;
    private final @Nullable Descriptor error;
    private final boolean terminal;
    private final ProcessIdentity runtime;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final Instant started = Instant.now();
    private final RelayedTerminal inner;
    private final Optional<InsideGvisor> inside;
    private volatile Size size = new Size(0, 0);
    private volatile boolean ended;

    private record Size(int columns, int rows) {}

    private RuntimeExecSession(
            RuntimeCommand command,
            Path specification,
            Descriptor input,
            Descriptor output,
            @Nullable Descriptor error,
            boolean terminal,
            int child,
            Optional<InsideGvisor> inside)
            throws IOException {
        this.command = command;
        this.inside = inside;
        this.input = input;
        this.output = output;
        this.error = error;
        this.terminal = terminal;
        this.runtime = ProcessIdentity.of(child).orElse(new ProcessIdentity(child, -1));
        this.inner = new RelayedTerminal(runtime, command.processes(), command.descriptors());
        Thread.ofPlatform().daemon().name("exec " + child).start(() -> {
            int code = command.processes().waitFor(child);
            ended = true;
            try {
                Files.deleteIfExists(specification);
                if (inside.isPresent()) {
                    inside.get().forget();
                }
            } catch (IOException e) {
                // It vanishes with the run.
            }
            exit.complete(code < 0 ? 255 : code);
        });
    }

    static ExecSession start(RuntimeCommand command, SandboxFiles files, long shimPid, ExecRequest request)
            throws IOException {
        String name = "exec-" + UUID.randomUUID() + ".json";
        // Where only the sandbox's shim has it mounted: it holds the agent's environment.
        Path bundle = SandboxFiles.through(shimPid, files.bundle());
        Path specification = bundle.resolve(name);
        BundleConfiguration.writeProcess(
                bundle.resolve("config.json"), specification, request.command(), request.terminal());
        List<String> arguments = new ArrayList<>(
                List.of("exec", "--process", files.bundle().resolve(name).toString()));
        Optional<InsideGvisor> inside = Optional.empty();
        if (command.tools().gvisor()) {
            Path pid = files.bundle().resolve(name.replace(".json", ".pid"));
            arguments.addAll(List.of("--internal-pid-file", pid.toString()));
            inside = Optional.of(new InsideGvisor(command, files, shimPid, pid));
        }
        arguments.add(files.id().value());
        return request.terminal()
                ? withTerminal(command, files, shimPid, specification, arguments, inside)
                : withPipes(command, files, shimPid, specification, arguments, request.stdin(), inside);
    }

    private static ExecSession withTerminal(
            RuntimeCommand command,
            SandboxFiles files,
            long shimPid,
            Path specification,
            List<String> arguments,
            Optional<InsideGvisor> inside)
            throws IOException {
        DescriptorCalls calls = command.descriptors();
        int[] ends = new int[2];
        Shim.check("make a terminal", calls.terminal(ends));
        Descriptor control = command.own(ends[0]);
        try {
            int child = command.spawn(files, shimPid, arguments, Map.of(0, ends[1], 1, ends[1], 2, ends[1]), true);
            return new RuntimeExecSession(command, specification, control, control, null, true, child, inside);
        } catch (IOException e) {
            control.close();
            throw e;
        } finally {
            calls.close(ends[1]);
        }
    }

    private static ExecSession withPipes(
            RuntimeCommand command,
            SandboxFiles files,
            long shimPid,
            Path specification,
            List<String> arguments,
            boolean stdin,
            Optional<InsideGvisor> inside)
            throws IOException {
        DescriptorCalls calls = command.descriptors();
        List<Descriptor> ours = new ArrayList<>();
        Map<Integer, Integer> theirs = new HashMap<>();
        try {
            for (int standard = 0; standard < 3; standard++) {
                int[] ends = new int[2];
                Shim.check("make a pipe", calls.pipe(ends));
                theirs.put(standard, standard == 0 ? ends[0] : ends[1]);
                ours.add(command.own(standard == 0 ? ends[1] : ends[0]));
            }
            int child = command.spawn(files, shimPid, arguments, theirs, false);
            if (!stdin) {
                ours.getFirst().close();
            }
            return new RuntimeExecSession(
                    command, specification, ours.get(0), ours.get(1), ours.get(2), false, child, inside);
        } catch (IOException e) {
            ours.forEach(Descriptor::close);
            throw e;
        } finally {
            theirs.values().forEach(calls::close);
        }
    }

    @Override
    public OutputStream standardInput() {
        return terminal ? new KeyboardStream(input.output()) : input.output();
    }

    /** A terminal's input and output are one descriptor: whoever types no more still wants to see. */
    private static final class KeyboardStream extends FilterOutputStream {
        KeyboardStream(OutputStream terminal) {
            super(terminal);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            out.write(source, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    @Override
    public InputStream standardOutput() {
        return output.input();
    }

    @Override
    public InputStream standardError() {
        return error == null ? InputStream.nullInputStream() : error.input();
    }

    @Override
    public void resize(int columns, int rows) {
        if (terminal) {
            size = new Size(columns, rows);
            // The runtime begins with the size that this one has when it makes the other.
            output.resize(columns, rows);
            // gVisor has this terminal itself, and no other.
            if (inside.isEmpty() && !resizeInner()) {
                Thread.ofVirtual().name("exec-resize").start(this::resizeWhenThere);
            }
        }
    }

    /** One at a time, so that the latest size stays. */
    private synchronized boolean resizeInner() {
        Size latest = size;
        return inner.resize(latest.columns(), latest.rows());
    }

    private void resizeWhenThere() {
        try {
            for (Instant end = started.plus(BEGINNING); Instant.now().isBefore(end) && !exit.isDone(); ) {
                Thread.sleep(AGAIN);
                if (resizeInner()) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * In gVisor once runsc has noted it, else once the runtime has a child, which is on its way into the sandbox: what holds it
     * up from there on may be the agent's doing.
     */
    @Override
    public boolean hasBegun() {
        // What ends in between takes its traces along, and has been there.
        return inside.map(InsideGvisor::hasBegun).orElseGet(this::hasChild) || ended;
    }

    private boolean hasChild() {
        return ProcessHandle.of(runtime.pid()).stream()
                .flatMap(ProcessHandle::children)
                .findAny()
                .isPresent();
    }

    @Override
    public int awaitExit() throws InterruptedException {
        try {
            return exit.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (!exit.isDone()) {
            inside.ifPresentOrElse(this::killInGvisor, this::killInside);
            runtime.signal(command.processes(), command.descriptors(), ProcessCalls.SIGKILL);
        }
        input.close();
        output.close();
        if (error != null) {
            error.close();
        }
    }

    /** What can't be killed ends with the agent. */
    private void killInGvisor(InsideGvisor process) {
        try {
            process.kill(exit);
        } catch (IOException e) {
            LOG.warn("an exec in {} is not ended whole: {}", process.files().id(), e.getMessage());
        }
    }

    /**
     * The end of the runtime alone would leave its process running in the sandbox. It is stopped first, so that it can't
     * start anything after its descendants were looked up.
     */
    private void killInside() {
        runtime.signal(command.processes(), command.descriptors(), ProcessCalls.SIGSTOP);
        ProcessHandle.of(runtime.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .flatMap(process -> ProcessIdentity.of(process.pid()).stream())
                .forEach(process -> process.signal(command.processes(), command.descriptors(), ProcessCalls.SIGKILL));
    }
}
