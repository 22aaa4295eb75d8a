package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Two terminals: one of ours, and the one inside the sandbox that the runtime has made there and relays to. runc's way alone:
 * it hands no terminal over to whoever waits for the process, and relays to the last byte. While it relays
 * already, it still makes ours pass on what is typed, and takes from the inner one that it returns the carriage at each line's
 * end, which it leaves to ours: what was written before that would have it twice. So ours changes nothing from the
 * beginning, and it is added here where it is missing. The inner one is resized by way of the runtime's own descriptor of it.
 * Source: runc 1.1, tty.go.
 */
final class RelayedTerminal implements ExecStreams {
    /** Within which a runtime, on a busy machine too, has its terminal ready. */
    private static final Duration BEGINNING = Duration.ofSeconds(10);

    private static final Duration AGAIN = Duration.ofMillis(50);

    /** The end that controls a terminal, however the runtime's devpts is seen from here. */
    private static final String CONTROL = "/ptmx";

    private final RuntimeCommand command;
    private final GivenTerminal outer;
    private final RuntimeMessages messages;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private volatile WindowSize size = WindowSize.DEFAULT;
    private volatile @Nullable Begun begun;

    private record Begun(RuntimeExecSession session, Instant since) {}

    private RelayedTerminal(RuntimeCommand command, GivenTerminal outer, RuntimeMessages messages) {
        this.command = command;
        this.outer = outer;
        this.messages = messages;
    }

    static RelayedTerminal open(RuntimeCommand command) throws IOException {
        GivenTerminal outer = GivenTerminal.open(command);
        try {
            outer.passOnBytes();
            return new RelayedTerminal(command, outer, RuntimeMessages.open(command));
        } catch (IOException e) {
            outer.closeTheirs();
            outer.close();
            throw e;
        }
    }

    @Override
    public Map<Integer, Integer> theirs() {
        Map<Integer, Integer> theirs = new HashMap<>(outer.theirs());
        theirs.put(2, messages.theirs());
        return theirs;
    }

    @Override
    public boolean controlled() {
        return outer.controlled();
    }

    @Override
    public void closeTheirs() {
        outer.closeTheirs();
        messages.closeTheirs();
    }

    @Override
    public void begun(RuntimeExecSession session) {
        outer.begun(session);
        session.exit().thenAccept(exit::complete);
        begun = new Begun(session, Instant.now());
    }

    @Override
    public OutputStream input() {
        return outer.input();
    }

    @Override
    public InputStream output() {
        return messages.after(new LineEnds(outer.output()), exit);
    }

    @Override
    public void resize(int columns, int rows) {
        size = new WindowSize(columns, rows);
        // The runtime begins with the size that this one has when it makes the other.
        outer.resize(columns, rows);
        Begun now = begun;
        if (now != null && !resizeInner(now.session().runtime())) {
            Thread.ofVirtual().name("exec-resize").start(() -> resizeWhenThere(now));
        }
    }

    private void resizeWhenThere(Begun now) {
        try {
            Instant end = now.since().plus(BEGINNING);
            while (Instant.now().isBefore(end) && !now.session().exit().isDone()) {
                Thread.sleep(AGAIN);
                if (resizeInner(now.session().runtime())) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One at a time, so that the latest size stays. False where the runtime does not have it yet, or any more. */
    private synchronized boolean resizeInner(ProcessIdentity runtime) {
        WindowSize latest = size;
        int process = command.processes().openProcess(runtime.pid());
        if (process < 0) {
            return false;
        }
        try {
            // Asked after opening: from here on the descriptor can only mean the process that is looked at.
            return runtime.isAlive() && resizeAll(runtime, process, latest);
        } finally {
            command.descriptors().close(process);
        }
    }

    private boolean resizeAll(ProcessIdentity runtime, int process, WindowSize latest) {
        boolean resized = false;
        Path folder = Path.of("/proc/" + runtime.pid() + "/fd");
        try (DirectoryStream<Path> open = Files.newDirectoryStream(folder)) {
            for (Path descriptor : open) {
                if (Files.readSymbolicLink(descriptor).toString().endsWith(CONTROL)) {
                    int theirs = Integer.parseInt(descriptor.getFileName().toString());
                    int ours = command.processes().copyDescriptor(process, theirs);
                    if (ours >= 0) {
                        resized |= command.descriptors().resize(ours, latest.columns(), latest.rows()) == 0;
                        command.descriptors().close(ours);
                    }
                }
            }
        } catch (IOException e) {
            // It has closed some meanwhile, or has ended.
            return resized;
        }
        return resized;
    }

    @Override
    public void close() {
        outer.close();
        messages.close();
    }
}
