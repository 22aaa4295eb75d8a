package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;

/** What a stream's input has, up to where its end is said; a connection that ends before that is no end. For one thread. */
final class ReceivedArchive extends InputStream {
    private final MessageSocket socket;
    private byte[] part = {};
    private int taken;
    private boolean ended;

    ReceivedArchive(MessageSocket socket) {
        this.socket = socket;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (taken == part.length) {
            if (ended) {
                return -1;
            }
            next();
        }
        int count = Math.min(length, part.length - taken);
        System.arraycopy(part, taken, target, offset, count);
        taken += count;
        return count;
    }

    private void next() throws IOException {
        try {
            switch (socket.receive()) {
                case Event.Binary message -> take(StreamFrame.decode(message.data()));
                case Event.Text _ -> throw new ProtocolException("text messages have no meaning here");
                case Event.Closed _, Event.Broken _ ->
                    throw new IOException("the connection ended before the snapshot did");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an archive was received");
        }
    }

    private void take(StreamFrame frame) throws ProtocolException {
        switch (frame) {
            case StreamFrame.Input input -> {
                part = input.data();
                taken = 0;
            }
            case StreamFrame.CloseInput _ -> ended = true;
            case StreamFrame.Resize _, StreamFrame.Output _, StreamFrame.ErrorOutput _, StreamFrame.Result _ ->
                throw new ProtocolException("a snapshot comes on the channels 0 and 255");
        }
    }
}
