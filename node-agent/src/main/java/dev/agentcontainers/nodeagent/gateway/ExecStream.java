package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import java.io.IOException;
import java.io.InputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Joins a process in a sandbox with a stream. Whoever leaves first ends it: the process, or the user. */
final class ExecStream {
    private static final Logger LOG = LoggerFactory.getLogger(ExecStream.class);

    private final MessageSocket socket;
    private final ExecSession session;
    private final boolean stdin;

    ExecStream(MessageSocket socket, ExecSession session, boolean stdin) {
        this.socket = socket;
        this.session = session;
        this.stdin = stdin;
    }

    /** Returns when the process has ended and its exit code was sent, or the user has gone. */
    void run() throws IOException, InterruptedException {
        socket.send(new StreamFrame.Output(new byte[0]).encoded());
        if (!stdin) {
            closeInput();
        }
        OutputPump output = pump(session.standardOutput(), StreamFrame.OUTPUT);
        OutputPump errors = pump(session.standardError(), StreamFrame.ERROR_OUTPUT);
        Thread input = Thread.ofVirtual().name("exec-input").start(this::receive);
        try {
            int exitCode = session.awaitExit();
            output.awaitEnd();
            errors.awaitEnd();
            socket.send(new StreamFrame.Result(Statuses.ofExitCode(exitCode)).encoded());
            input.join(NodeStreams.CLOSE_TIMEOUT);
        } finally {
            session.close();
        }
    }

    private OutputPump pump(InputStream from, byte channel) {
        return OutputPump.start(
                from,
                (content, count) -> socket.send(StreamFrame.withChannel(channel, content, count)),
                "exec-output-" + channel);
    }

    private void receive() {
        try {
            while (true) {
                switch (socket.receive()) {
                    case Event.Binary message -> take(StreamFrame.decode(message.data()));
                    case Event.Text ignored -> throw new ProtocolException("text messages have no meaning here");
                    case Event.Closed ignored -> {
                        return;
                    }
                    case Event.Broken ignored -> {
                        return;
                    }
                }
            }
        } catch (ProtocolException | IllegalArgumentException e) {
            LOG.warn("a stream broke the protocol: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            session.close();
        }
    }

    private void take(StreamFrame frame) throws ProtocolException {
        switch (frame) {
            case StreamFrame.Input input -> write(input.data());
            case StreamFrame.CloseInput ignored -> closeInput();
            case StreamFrame.Resize resize ->
                session.resize(resize.size().columns(), resize.size().rows());
            case StreamFrame.Output ignored -> throw notForNode();
            case StreamFrame.ErrorOutput ignored -> throw notForNode();
            case StreamFrame.Result ignored -> throw notForNode();
        }
    }

    /** A process that reads no more has no use for more; it goes on. */
    private void write(byte[] data) {
        try {
            session.standardInput().write(data);
            session.standardInput().flush();
        } catch (IOException e) {
            LOG.debug("input of an exec is not taken: {}", e.getMessage());
        }
    }

    private void closeInput() {
        try {
            session.standardInput().close();
        } catch (IOException e) {
            LOG.debug("input of an exec does not close: {}", e.getMessage());
        }
    }

    private static ProtocolException notForNode() {
        return new ProtocolException("only channels 0, 4 and 255 go to a node");
    }
}
