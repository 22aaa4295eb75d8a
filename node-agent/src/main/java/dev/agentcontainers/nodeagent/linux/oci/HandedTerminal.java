package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A terminal that the runtime makes in the sandbox and whose controlling end it hands over: nobody relays, and what the
 * program has written is read where it was written. crun's way alone: where crun (1.8) relays, it writes what it has not
 * passed on when the program ends to its error stream, as a message of its own with colour and time.
 */
final class HandedTerminal implements ExecStreams {
    private static final HandoverCalls HANDOVERS = HandoverCalls.ofThisMachine();
    private static final String SOCKET = ".tty";

    private final RuntimeCommand command;
    private final ExecPlace place;
    private final ConsoleSocket socket;
    private final RuntimeMessages messages;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final CompletableFuture<Optional<Descriptor>> control = new CompletableFuture<>();
    private boolean begun;
    private Optional<Size> size = Optional.empty();

    private record Size(int columns, int rows) {}

    private HandedTerminal(RuntimeCommand command, ExecPlace place, ConsoleSocket socket, RuntimeMessages messages) {
        this.command = command;
        this.place = place;
        this.socket = socket;
        this.messages = messages;
    }

    static HandedTerminal open(RuntimeCommand command, ExecPlace place) throws IOException {
        ConsoleSocket socket = ConsoleSocket.listen(
                HANDOVERS, command.readiness(), command.mounts(), place.bundle(), place.name() + SOCKET);
        try {
            return new HandedTerminal(command, place, socket, RuntimeMessages.open(command));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public List<String> options() {
        return List.of("--console-socket", place.theirs(SOCKET).toString());
    }

    @Override
    public Map<Integer, Integer> theirs() {
        return Map.of(1, messages.theirs(), 2, messages.theirs());
    }

    @Override
    public void closeTheirs() {
        messages.closeTheirs();
    }

    @Override
    public synchronized void begun(RuntimeExecSession session) {
        begun = true;
        session.exit().thenAccept(exit::complete);
        Thread.ofVirtual().name("exec-terminal " + session.runtime().pid()).start(() -> receive(session));
    }

    /** Until it has come, or can't come any more. One that does not come in time ends the session. */
    private void receive(RuntimeExecSession session) {
        try (socket) {
            OptionalInt received =
                    socket.receive(session.runtime().pid(), CompletableFuture.anyOf(exit, control), command.patience());
            if (received.isPresent()) {
                take(command.own(received.getAsInt()));
            }
        } catch (IOException e) {
            messages.add(String.valueOf(e.getMessage()));
            session.kill();
        } finally {
            control.complete(Optional.empty());
        }
    }

    private synchronized void take(Descriptor terminal) {
        size.ifPresent(latest -> terminal.resize(latest.columns(), latest.rows()));
        if (!control.complete(Optional.of(terminal))) {
            terminal.close();
        }
    }

    /** Waits for it; empty where the runtime has ended without handing one over, or this is closed. */
    private Optional<Descriptor> control() throws IOException {
        try {
            return control.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a terminal");
        } catch (ExecutionException e) {
            throw new IOException(e);
        }
    }

    @Override
    public OutputStream input() {
        return new Keyboard();
    }

    /** Closing it closes nothing: whoever types no more still wants to see. */
    private final class Keyboard extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            control()
                    .orElseThrow(() -> new IOException("the program has no terminal"))
                    .output()
                    .write(source, offset, length);
        }
    }

    @Override
    public InputStream output() {
        return messages.after(new Screen(), exit);
    }

    /** What the terminal shows until the program's end. */
    private final class Screen extends InputStream {
        private @Nullable InputStream shown;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (shown == null) {
                shown = control().map(terminal -> terminal.inputUntil(exit)).orElseGet(InputStream::nullInputStream);
            }
            int count = shown.read(target, offset, length);
            if (count < 0) {
                // Whoever was left behind with the terminal loses it, as at the end of a login.
                shown.close();
            }
            return count;
        }

        @Override
        public void close() {
            control.complete(Optional.empty());
            control.join().ifPresent(Descriptor::close);
        }
    }

    @Override
    public synchronized void resize(int columns, int rows) {
        size = Optional.of(new Size(columns, rows));
        control.getNow(Optional.empty()).ifPresent(terminal -> terminal.resize(columns, rows));
    }

    @Override
    public synchronized void close() {
        if (!begun) {
            socket.close();
        }
        control.complete(Optional.empty());
        control.join().ifPresent(Descriptor::close);
        messages.close();
    }
}
