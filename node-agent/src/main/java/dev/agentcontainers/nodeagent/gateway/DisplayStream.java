package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.Channels;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Joins a stream with an agent's display, byte by byte. Whoever leaves first ends it: the display, or the user. */
final class DisplayStream {
    private static final Logger LOG = LoggerFactory.getLogger(DisplayStream.class);

    private final MessageSocket socket;
    private final ByteChannel display;

    DisplayStream(MessageSocket socket, ByteChannel display) {
        this.socket = socket;
        this.display = display;
    }

    /** Returns when the display has ended and that was said, or the user has gone. */
    void run() throws IOException, InterruptedException {
        socket.send(new StreamFrame.Output(new byte[0]).encoded());
        OutputPump output = OutputPump.start(
                Channels.newInputStream(display),
                (content, count) -> socket.send(StreamFrame.withChannel(StreamFrame.OUTPUT, content, count)),
                "display-output");
        Thread input = Thread.ofVirtual().name("display-input").start(this::receive);
        output.awaitEnd();
        socket.send(new StreamFrame.Result(Statuses.success()).encoded());
        input.join(NodeStreams.CLOSE_TIMEOUT);
    }

    private void receive() {
        try (display) {
            while (socket.receive() instanceof Event.Binary message
                    && StreamFrame.decode(message.data()) instanceof StreamFrame.Input input) {
                ByteBuffer data = ByteBuffer.wrap(input.data());
                while (data.hasRemaining()) {
                    display.write(data);
                }
            }
        } catch (ProtocolException | IllegalArgumentException e) {
            LOG.warn("a stream broke the protocol: {}", e.getMessage());
        } catch (IOException e) {
            LOG.debug("input of a display is not taken: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
