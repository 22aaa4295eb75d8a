package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process that the runtime runs in a sandbox, with pipes or a terminal. */
final class RuntimeExecSession implements ExecSession {
    private static final Logger LOG = LoggerFactory.getLogger(RuntimeExecSession.class);
    private static final String SPECIFICATION = ".json";
    private static final String PID = ".pid";

    /** More than what starts others all the time can keep up with, as each look stops all that there are. */
    private static final int MOST_LOOKS = 50;

    /** Within which all are stopped but one that waits for what does not end, and so begins nothing. */
    private static final Duration STOPPING = Duration.ofMillis(500);

    private static final Duration AGAIN = Duration.ofMillis(1);

    private final RuntimeCommand command;
    private final ExecStreams streams;
    private final ProcessIdentity runtime;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final Optional<InsideGvisor> inside;
    private volatile boolean ended;

    private RuntimeExecSession(
            RuntimeCommand command, Path specification, ExecStreams streams, int child, Optional<InsideGvisor> inside) {
        this.command = command;
        this.inside = inside;
        this.streams = streams;
        this.runtime = ProcessIdentity.of(child).orElse(new ProcessIdentity(child, -1));
        Thread.ofPlatform().daemon().name("exec " + child).start(() -> {
            int code = command.processes().waitFor(child);
            ended = true;
            delete(specification);
            try {
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
        ExecPlace place = ExecPlace.of(files, shimPid);
        try {
            BundleConfiguration.writeProcess(
                    place.bundle().resolve("config.json"),
                    place.ours(SPECIFICATION),
                    request.command(),
                    request.terminal());
            return start(command, place, request);
        } catch (IOException | RuntimeException e) {
            // It holds the agent's environment.
            delete(place.ours(SPECIFICATION));
            throw e;
        }
    }

    private static void delete(Path specification) {
        try {
            Files.deleteIfExists(specification);
        } catch (IOException e) {
            // It vanishes with the run.
        }
    }

    /** Once its specification is written. */
    private static ExecSession start(RuntimeCommand command, ExecPlace place, ExecRequest request) throws IOException {
        SandboxFiles files = place.files();
        long shimPid = place.shimPid();
        List<String> arguments = new ArrayList<>(
                List.of("exec", "--process", place.theirs(SPECIFICATION).toString()));
        Optional<InsideGvisor> inside = Optional.empty();
        if (command.tools().gvisor()) {
            arguments.addAll(List.of("--internal-pid-file", place.theirs(PID).toString()));
            inside = Optional.of(new InsideGvisor(command, files, shimPid, place.theirs(PID)));
        }
        ExecStreams streams = ExecStreams.of(command, place, request.terminal(), request.stdin());
        try {
            arguments.addAll(streams.options());
            arguments.add(files.id().value());
            int child = command.spawn(files, shimPid, arguments, streams.theirs(), streams.controlled());
            RuntimeExecSession session =
                    new RuntimeExecSession(command, place.ours(SPECIFICATION), streams, child, inside);
            streams.begun(session);
            return session;
        } catch (IOException e) {
            streams.close();
            throw e;
        } finally {
            streams.closeTheirs();
        }
    }

    ProcessIdentity runtime() {
        return runtime;
    }

    /** The runtime's exit code, once it has ended. */
    CompletableFuture<Integer> exit() {
        return exit;
    }

    @Override
    public OutputStream standardInput() {
        return streams.input();
    }

    @Override
    public InputStream standardOutput() {
        return streams.output();
    }

    @Override
    public InputStream standardError() {
        return streams.error();
    }

    @Override
    public void resize(int columns, int rows) {
        streams.resize(columns, rows);
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
        kill();
        streams.close();
    }

    /** Has the process and the runtime end, where they have not. */
    void kill() {
        if (!exit.isDone()) {
            inside.ifPresentOrElse(this::killInGvisor, this::killInside);
            signal(runtime, ProcessCalls.SIGKILL);
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
     * The end of the runtime alone would leave its process running in the sandbox. All of them are stopped before the first is
     * killed, and are seen to be: what runs could start another after its descendants were looked up. Where the runtime has ended its
     * pid may be another's, whose descendants are left alone.
     */
    private void killInside() {
        if (!signal(runtime, ProcessCalls.SIGSTOP)) {
            return;
        }
        long giveUp = System.nanoTime() + STOPPING.toNanos();
        Set<ProcessIdentity> stopped = new LinkedHashSet<>();
        awaitStill(runtime, giveUp);
        boolean more = true;
        for (int look = 0; more && look < MOST_LOOKS; look++) {
            more = false;
            for (ProcessIdentity process : descendants()) {
                if (stopped.add(process)) {
                    signal(process, ProcessCalls.SIGSTOP);
                    more = true;
                }
            }
            stopped.forEach(process -> awaitStill(process, giveUp));
        }
        stopped.forEach(process -> signal(process, ProcessCalls.SIGKILL));
    }

    private static void awaitStill(ProcessIdentity process, long giveUp) {
        while (!process.isStill() && System.nanoTime() < giveUp) {
            LockSupport.parkNanos(AGAIN.toNanos());
        }
    }

    private List<ProcessIdentity> descendants() {
        return ProcessHandle.of(runtime.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .flatMap(process -> ProcessIdentity.of(process.pid()).stream())
                .toList();
    }

    private boolean signal(ProcessIdentity process, int signal) {
        return process.signal(command.processes(), command.descriptors(), signal);
    }
}
