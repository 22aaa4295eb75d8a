package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.TerminalSize;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import dev.agentcontainers.protocol.client.PartsInputStream;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Optional;

/** A process in an agent's sandbox, joined with streams of this one. */
final class RemoteProcess implements AgentProgram {
    private static final int BLOCK = 32 * 1024;

    private final MessageSocket socket;
    private Optional<Status> result = Optional.empty();

    RemoteProcess(MessageSocket socket) {
        this.socket = socket;
    }

    /** Passes on what comes from there until it ends, then its end. On a thread that does not keep the JVM alive. */
    void takeInput(InputStream input) {
        Thread.ofPlatform().daemon().name("input").start(() -> {
            byte[] buffer = new byte[BLOCK];
            try {
                for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
                    socket.send(StreamFrame.withChannel(StreamFrame.INPUT, buffer, count));
                }
                socket.send(new StreamFrame.CloseInput().encoded());
            } catch (IOException e) {
                // The process has ended: its result says how.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** Tells the process the size of its terminal. */
    void resize(TerminalSize size) {
        try {
            socket.send(new StreamFrame.Resize(size).encoded());
        } catch (IOException e) {
            // As above.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Passes on what the process writes until it ends.
     *
     * @return its exit code
     * @throws UserException where it did not run to its end
     */
    int await(OutputStream output, OutputStream errors) throws IOException, InterruptedException {
        while (result.isEmpty()) {
            Optional<byte[]> part = receive(errors);
            if (part.isPresent()) {
                write(output, part.get());
            }
        }
        return exitCode();
    }

    /** Waits for one message; what there is in it of standard output, empty where it is another. */
    private Optional<byte[]> receive(OutputStream errors) throws IOException, InterruptedException {
        return switch (socket.receive()) {
            case Event.Binary message -> take(StreamFrame.decode(message.data()), errors);
            case Event.Text ignored -> throw new ProtocolException("text messages have no meaning here");
            case Event.Closed closed ->
                throw new UserException(
                        "the gateway closed the stream before the command ended " + Printable.text(closed.reason()));
            case Event.Broken broken ->
                throw new UserException("the connection to the gateway broke: "
                        + Printable.text(String.valueOf(broken.cause().getMessage())));
        };
    }

    private Optional<byte[]> take(StreamFrame frame, OutputStream errors) throws IOException {
        switch (frame) {
            case StreamFrame.Output part -> {
                return Optional.of(part.data());
            }
            case StreamFrame.ErrorOutput part -> write(errors, part.data());
            case StreamFrame.Result end -> result = Optional.of(end.status());
            case StreamFrame.Input ignored -> throw notForUser();
            case StreamFrame.Resize ignored -> throw notForUser();
            case StreamFrame.CloseInput ignored -> throw notForUser();
        }
        return Optional.empty();
    }

    @Override
    public int exitCode() {
        Status status = result.orElseThrow(() -> new IllegalStateException("its output was not read to its end"));
        return Statuses.exitCode(status)
                .orElseThrow(() -> new UserException(Printable.text(String.valueOf(status.getMessage()))));
    }

    private static void write(OutputStream stream, byte[] data) throws IOException {
        stream.write(data);
        stream.flush();
    }

    private static ProtocolException notForUser() {
        return new ProtocolException("only channels 1, 2 and 3 go to a user");
    }

    @Override
    public InputStream output(OutputStream errors) {
        return new ReceivedOutput(errors);
    }

    @Override
    public OutputStream input() {
        return new SentInput();
    }

    @Override
    public void close() {
        socket.close();
    }

    private final class ReceivedOutput extends PartsInputStream {
        private final OutputStream errors;

        ReceivedOutput(OutputStream errors) {
            this.errors = errors;
        }

        @Override
        protected Optional<byte[]> next() throws IOException {
            if (result.isPresent()) {
                // What could not be run, or broke off, has not come to its end.
                exitCode();
                return Optional.empty();
            }
            try {
                return Optional.of(receive(errors).orElse(new byte[0]));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while a program's output was read");
            }
        }
    }

    private final class SentInput extends OutputStream {
        private boolean closed;

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            for (int at = offset; at < offset + length; at += BLOCK) {
                byte[] block = Arrays.copyOfRange(source, at, Math.min(at + BLOCK, offset + length));
                send(StreamFrame.withChannel(StreamFrame.INPUT, block, block.length));
            }
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                send(new StreamFrame.CloseInput().encoded());
            }
        }

        private void send(byte[] message) throws IOException {
            try {
                socket.send(message);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while a program's input was sent");
            }
        }
    }
}
