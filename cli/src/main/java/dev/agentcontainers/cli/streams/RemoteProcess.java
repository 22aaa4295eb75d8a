package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.TerminalSize;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/** A process in an agent's sandbox, joined with streams of this one. */
final class RemoteProcess {
    private static final int BLOCK = 32 * 1024;

    private final MessageSocket socket;

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
        while (true) {
            switch (socket.receive()) {
                case Event.Binary message -> {
                    Optional<Status> result = take(StreamFrame.decode(message.data()), output, errors);
                    if (result.isPresent()) {
                        return exitCode(result.get());
                    }
                }
                case Event.Text ignored -> throw new ProtocolException("text messages have no meaning here");
                case Event.Closed closed ->
                    throw new UserException(
                            "the gateway closed the stream before the command ended " + closed.reason());
                case Event.Broken broken ->
                    throw new UserException("the connection to the gateway broke: "
                            + broken.cause().getMessage());
            }
        }
    }

    private static Optional<Status> take(StreamFrame frame, OutputStream output, OutputStream errors)
            throws IOException {
        switch (frame) {
            case StreamFrame.Output part -> write(output, part.data());
            case StreamFrame.ErrorOutput part -> write(errors, part.data());
            case StreamFrame.Result result -> {
                return Optional.of(result.status());
            }
            case StreamFrame.Input ignored -> throw notForUser();
            case StreamFrame.Resize ignored -> throw notForUser();
            case StreamFrame.CloseInput ignored -> throw notForUser();
        }
        return Optional.empty();
    }

    private static int exitCode(Status status) {
        return Statuses.exitCode(status).orElseThrow(() -> new UserException(String.valueOf(status.getMessage())));
    }

    private static void write(OutputStream stream, byte[] data) throws IOException {
        stream.write(data);
        stream.flush();
    }

    private static ProtocolException notForUser() {
        return new ProtocolException("only channels 1, 2 and 3 go to a user");
    }
}
