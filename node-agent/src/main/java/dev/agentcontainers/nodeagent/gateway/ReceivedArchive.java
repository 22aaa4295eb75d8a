package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import dev.agentcontainers.protocol.client.PartsInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Optional;

/** What a stream's input has, up to where its end is said; a connection that ends before that is no end. For one thread. */
final class ReceivedArchive extends PartsInputStream {
    private final MessageSocket socket;
    private boolean ended;

    ReceivedArchive(MessageSocket socket) {
        this.socket = socket;
    }

    @Override
    protected Optional<byte[]> next() throws IOException {
        if (ended) {
            return Optional.empty();
        }
        try {
            return switch (socket.receive()) {
                case Event.Binary message -> part(StreamFrame.decode(message.data()));
                case Event.Text _ -> throw new ProtocolException("text messages have no meaning here");
                case Event.Closed _, Event.Broken _ ->
                    throw new IOException("the connection ended before the snapshot did");
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an archive was received");
        }
    }

    private Optional<byte[]> part(StreamFrame frame) throws ProtocolException {
        return switch (frame) {
            case StreamFrame.Input input -> Optional.of(input.data());
            case StreamFrame.CloseInput _ -> {
                ended = true;
                yield Optional.empty();
            }
            case StreamFrame.Resize _, StreamFrame.Output _, StreamFrame.ErrorOutput _, StreamFrame.Result _ ->
                throw new ProtocolException("a snapshot comes on the channels 0 and 255");
        };
    }
}
