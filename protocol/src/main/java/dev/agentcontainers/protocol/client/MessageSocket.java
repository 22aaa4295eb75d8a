package dev.agentcontainers.protocol.client;

import dev.agentcontainers.protocol.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket with blocking calls, for virtual threads. Asks the network for a message only when the last one was taken,
 * so a slow reader slows the sender and nothing piles up here. Any thread may send; one thread receives.
 */
public final class MessageSocket implements AutoCloseable {
    private static final int NORMAL_CLOSURE = 1000;
    private static final int LONGEST_CLOSE_REASON = 120;
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final WebSocket socket;
    private final Inbox inbox;
    private final ReentrantLock sending = new ReentrantLock();

    private MessageSocket(WebSocket socket, Inbox inbox) {
        this.socket = socket;
        this.inbox = inbox;
    }

    /** What came of the other end. */
    public sealed interface Event {
        record Text(String text) implements Event {}

        @SuppressWarnings("ArrayRecordComponent")
        record Binary(byte[] data) implements Event {}

        /** The other end closed the connection in good order; nothing follows. */
        record Closed(int code, String reason) implements Event {}

        /** The connection broke; nothing follows. */
        record Broken(Throwable cause) implements Event {}
    }

    /** The server answered the handshake with another code than 101. */
    public static final class HandshakeRefusedException extends IOException {
        private static final long serialVersionUID = 1L;
        private final int code;

        HandshakeRefusedException(int code) {
            super("the server refused the connection with HTTP code " + code);
            this.code = code;
        }

        public int code() {
            return code;
        }
    }

    /**
     * @param longestMessage in bytes; a longer one breaks the connection
     * @throws HandshakeRefusedException where the server answered, but not with a WebSocket
     */
    public static MessageSocket connect(
            HttpClient client,
            URI uri,
            String subprotocol,
            Map<String, String> headers,
            int longestMessage,
            Duration timeout)
            throws IOException, InterruptedException {
        Inbox inbox = new Inbox(longestMessage);
        WebSocket.Builder builder =
                client.newWebSocketBuilder().subprotocols(subprotocol).connectTimeout(timeout);
        headers.forEach(builder::header);
        WebSocket socket = await(builder.buildAsync(uri, inbox), timeout.plus(CLOSE_TIMEOUT));
        if (!socket.getSubprotocol().equals(subprotocol)) {
            socket.abort();
            throw new ProtocolException("the server does not speak " + subprotocol);
        }
        return new MessageSocket(socket, inbox);
    }

    /** Blocks until something comes. After {@link Event.Closed} or {@link Event.Broken} it must not be called again. */
    public Event receive() throws InterruptedException {
        Event event = inbox.events.take();
        if (event instanceof Event.Text || event instanceof Event.Binary) {
            socket.request(1);
        }
        return event;
    }

    /** Blocks until the message is handed to the network. */
    public void send(byte[] message) throws IOException, InterruptedException {
        sending.lockInterruptibly();
        try {
            await(socket.sendBinary(ByteBuffer.wrap(message), true), null);
        } finally {
            sending.unlock();
        }
    }

    public void send(String message) throws IOException, InterruptedException {
        sending.lockInterruptibly();
        try {
            await(socket.sendText(message, true), null);
        } finally {
            sending.unlock();
        }
    }

    public void ping() throws IOException, InterruptedException {
        sending.lockInterruptibly();
        try {
            await(socket.sendPing(ByteBuffer.allocate(0)), null);
        } finally {
            sending.unlock();
        }
    }

    /** When something, be it an answer to a ping, last came of the other end. */
    public Instant lastHeard() {
        return inbox.lastHeard;
    }

    /** Says goodbye; gives up after a few seconds. */
    public void close(String reason) {
        String shortened = reason.length() > LONGEST_CLOSE_REASON ? reason.substring(0, LONGEST_CLOSE_REASON) : reason;
        try {
            if (sending.tryLock(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    await(socket.sendClose(NORMAL_CLOSURE, shortened), CLOSE_TIMEOUT);
                } finally {
                    sending.unlock();
                }
            }
        } catch (IOException e) {
            socket.abort();
        } catch (InterruptedException e) {
            socket.abort();
            Thread.currentThread().interrupt();
        }
    }

    /** Cuts the connection, if it still stands; who waits in {@link #receive} is told. */
    @Override
    public void close() {
        socket.abort();
        inbox.events.add(new Event.Broken(new IOException("the connection was cut on this side")));
    }

    private static <T> T await(Future<T> future, @Nullable Duration timeout) throws IOException, InterruptedException {
        try {
            return timeout == null ? future.get() : future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            future.cancel(true);
            throw new IOException("no answer within " + timeout, e);
        } catch (ExecutionException e) {
            Throwable cause =
                    e.getCause() instanceof CompletionException c && c.getCause() != null ? c.getCause() : e.getCause();
            if (cause instanceof WebSocketHandshakeException refused && refused.getResponse() != null) {
                throw new HandshakeRefusedException(refused.getResponse().statusCode());
            }
            throw cause instanceof IOException io ? io : new IOException(cause);
        }
    }

    /** Puts the parts of messages together and keeps at most one message at a time. */
    private static final class Inbox implements WebSocket.Listener {
        private final int longestMessage;
        private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
        private final ByteArrayOutputStream binary = new ByteArrayOutputStream();
        private final StringBuilder text = new StringBuilder();
        private volatile Instant lastHeard = Instant.now();

        Inbox(int longestMessage) {
            this.longestMessage = longestMessage;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            lastHeard = Instant.now();
            if (binary.size() + data.remaining() > longestMessage) {
                return tooLong(socket);
            }
            byte[] part = new byte[data.remaining()];
            data.get(part);
            binary.writeBytes(part);
            if (last) {
                events.add(new Event.Binary(binary.toByteArray()));
                binary.reset();
            } else {
                socket.request(1);
            }
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            lastHeard = Instant.now();
            if (text.length() + data.length() > longestMessage) {
                return tooLong(socket);
            }
            text.append(data);
            if (last) {
                events.add(new Event.Text(text.toString()));
                text.setLength(0);
            } else {
                socket.request(1);
            }
            return null;
        }

        private @Nullable CompletionStage<?> tooLong(WebSocket socket) {
            events.add(new Event.Broken(new ProtocolException("a message is longer than " + longestMessage)));
            socket.abort();
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPing(WebSocket socket, ByteBuffer message) {
            lastHeard = Instant.now();
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
            lastHeard = Instant.now();
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            events.add(new Event.Closed(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            events.add(new Event.Broken(error));
        }
    }
}
