package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.oci.ConsoleSocket.NoTerminalException;
import dev.agentcontainers.nodeagent.linux.process.BlockStream;
import dev.agentcontainers.nodeagent.linux.process.Descriptor;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A terminal that the runtime makes in the sandbox and whose controlling end it hands over: nobody relays, and what the
 * program has written is read where it was written. crun's way alone: where crun (1.8) relays, it writes what it has not
 * passed on when the program ends to its error stream, as a message of its own with colour and time.
 */
final class HandedTerminal implements ExecStreams {
    private static final Logger LOG = LoggerFactory.getLogger(HandedTerminal.class);
    private static final String SOCKET = ".tty";

    private final RuntimeCommand command;
    private final ExecPlace place;
    private final ConsoleSocket socket;
    private final RuntimeMessages messages;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final CompletableFuture<Optional<Descriptor>> control = new CompletableFuture<>();
    private final Keyboard keyboard = new Keyboard();
    private boolean begun;
    private Optional<WindowSize> size = Optional.empty();

    private HandedTerminal(RuntimeCommand command, ExecPlace place, ConsoleSocket socket, RuntimeMessages messages) {
        this.command = command;
        this.place = place;
        this.socket = socket;
        this.messages = messages;
    }

    static HandedTerminal open(RuntimeCommand command, ExecPlace place) throws IOException {
        ConsoleSocket socket = listen(command, place);
        try {
            return new HandedTerminal(command, place, socket, RuntimeMessages.open(command));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static ConsoleSocket listen(RuntimeCommand command, ExecPlace place) throws IOException {
        try {
            return ConsoleSocket.listen(
                    command.handovers(), command.readiness(), command.mounts(), place.bundle(), place.name() + SOCKET);
        } catch (NoTerminalException e) {
            log(place, e);
            throw e;
        }
    }

    private static void log(ExecPlace place, NoTerminalException e) {
        LOG.warn(
                "an exec in {} has no terminal: {}: {}",
                place.files().id(),
                e.getMessage(),
                String.valueOf(e.getCause()));
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
    public void begun(RuntimeExecSession session) {
        begun(session.runtime().pid(), session.exit(), session::kill);
    }

    /**
     * @param end of the runtime, with its exit code
     * @param kill ends it
     */
    synchronized void begun(long runtime, CompletableFuture<Integer> end, Runnable kill) {
        begun = true;
        end.thenAccept(exit::complete);
        Thread.ofVirtual().name("exec-terminal " + runtime).start(() -> receive(runtime, kill));
    }

    /**
     * Until it has come, or can't come any more. One that does not come in time ends the session: the runtime before its
     * socket, of whose absence it would have a word of its own to say.
     */
    private void receive(long runtime, Runnable kill) {
        try {
            Optional<Descriptor> terminal;
            try (socket) {
                terminal = received(runtime, kill).map(command::own);
            }
            terminal.ifPresent(this::take);
        } finally {
            // First, so that whoever has seen the end can't type any more.
            keyboard.unplug();
            control.complete(Optional.empty());
        }
    }

    private Optional<Integer> received(long runtime, Runnable kill) {
        try {
            OptionalInt received = socket.receive(runtime, CompletableFuture.anyOf(exit, control), command.patience());
            return received.isPresent() ? Optional.of(received.getAsInt()) : Optional.empty();
        } catch (NoTerminalException e) {
            log(place, e);
            messages.add(String.valueOf(e.getMessage()));
            kill.run();
            return Optional.empty();
        }
    }

    private void take(Descriptor terminal) {
        if (!isTaken(terminal)) {
            terminal.close();
            return;
        }
        try {
            keyboard.plug(terminal.output());
        } catch (IOException e) {
            LOG.debug(
                    "what was typed early in {} is not taken: {}", place.files().id(), e.getMessage());
        }
    }

    /** False where nobody wants it any more. */
    private synchronized boolean isTaken(Descriptor terminal) {
        size.ifPresent(latest -> terminal.resize(latest.columns(), latest.rows()));
        return control.complete(Optional.of(terminal));
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
        return keyboard;
    }

    @Override
    public InputStream output() {
        return messages.after(new Screen(), exit);
    }

    /** What the terminal shows until the program's end. */
    private final class Screen extends BlockStream {
        private @Nullable InputStream shown;

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
            giveUp();
        }
    }

    @Override
    public synchronized void resize(int columns, int rows) {
        size = Optional.of(new WindowSize(columns, rows));
        control.getNow(Optional.empty()).ifPresent(terminal -> terminal.resize(columns, rows));
    }

    /** Ends all waiting for it, and in it. */
    private void giveUp() {
        keyboard.unplug();
        control.complete(Optional.empty());
        control.join().ifPresent(Descriptor::close);
    }

    @Override
    public synchronized void close() {
        if (!begun) {
            socket.close();
        }
        giveUp();
        messages.close();
    }
}
