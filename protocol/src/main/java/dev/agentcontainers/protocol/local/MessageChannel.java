package dev.agentcontainers.protocol.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Messages on a blocking channel: four bytes of length, big-endian, and as many of JSON. Several threads may send, one may
 * receive.
 *
 * @param <R> what is received
 */
public final class MessageChannel<R> implements AutoCloseable {
    private static final int BLOCK = 64 * 1024;

    private final ByteChannel channel;
    private final Class<R> received;
    private final int longest;
    private final ReentrantLock sending = new ReentrantLock();

    /** @param longest bytes that a received message may have */
    public MessageChannel(ByteChannel channel, Class<R> received, int longest) {
        this.channel = channel;
        this.received = received;
        this.longest = longest;
    }

    public void send(Object message) throws IOException {
        byte[] json = Json.bytes(message);
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + json.length)
                .putInt(json.length)
                .put(json)
                .flip();
        sending.lock();
        try {
            while (frame.hasRemaining()) {
                channel.write(frame);
            }
        } finally {
            sending.unlock();
        }
    }

    /**
     * Waits for a message; empty where the other end has closed.
     *
     * @throws ProtocolException where what comes is no message, or too long a one
     */
    public Optional<R> receive() throws IOException {
        ByteBuffer header = ByteBuffer.allocate(Integer.BYTES);
        if (channel.read(header) < 0) {
            return Optional.empty();
        }
        fill(header);
        int length = header.flip().getInt();
        if (length < 0 || length > longest) {
            throw new ProtocolException(
                    "a message of %d bytes: at most %d are taken".formatted(length & 0xffffffffL, longest));
        }
        try {
            return Optional.of(Json.parse(new String(read(length), StandardCharsets.UTF_8), received));
        } catch (JsonProcessingException e) {
            throw new ProtocolException("not a %s: %s".formatted(received.getSimpleName(), e.getOriginalMessage()));
        }
    }

    /** Takes memory as bytes come, not as they are announced. */
    private byte[] read(int length) throws IOException {
        ByteArrayOutputStream json = new ByteArrayOutputStream(Math.min(length, BLOCK));
        ByteBuffer block = ByteBuffer.allocate(Math.min(length, BLOCK));
        while (json.size() < length) {
            block.clear().limit(Math.min(BLOCK, length - json.size()));
            fill(block);
            json.write(block.array(), 0, block.limit());
        }
        return json.toByteArray();
    }

    private void fill(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the other end closed in the middle of a message");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
