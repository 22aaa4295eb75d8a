package dev.agentcontainers.apiclient;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers every request of HTTP/1.1 with one object, but for those under which it closes the connection, once they are read. */
final class ClosingServer implements Closeable {
    private final ServerSocket listener;
    private final byte[] answer;
    private final AtomicInteger toClose = new AtomicInteger();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> bodies = new CopyOnWriteArrayList<>();

    private ClosingServer(ServerSocket listener, HasMetadata object) {
        this.listener = listener;
        byte[] body = Serialization.asJson(object).getBytes(StandardCharsets.UTF_8);
        byte[] head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                .formatted(body.length)
                .getBytes(StandardCharsets.US_ASCII);
        this.answer = new byte[head.length + body.length];
        System.arraycopy(head, 0, answer, 0, head.length);
        System.arraycopy(body, 0, answer, head.length, body.length);
    }

    static ClosingServer start(HasMetadata object) {
        try {
            ClosingServer server = new ClosingServer(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), object);
            Thread.ofVirtual().start(server::accept);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /** Closes the connection under that many of the next requests. */
    void closeUnder(int count) {
        toClose.set(count);
    }

    /** The first lines, in order. */
    List<String> requests() {
        return requests;
    }

    List<String> bodies() {
        return bodies;
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket connection = listener.accept();
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (IOException _) {
                // Closed: the loop sees it.
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            InputStream in = new BufferedInputStream(connection.getInputStream());
            List<String> head = head(in);
            while (!head.isEmpty()) {
                bodies.add(new String(in.readNBytes(length(head)), StandardCharsets.UTF_8));
                requests.add(head.getFirst());
                if (toClose.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    return;
                }
                connection.getOutputStream().write(answer);
                head = head(in);
            }
        } catch (IOException _) {
            // The client went.
        }
    }

    /** The lines of a request's head; none at the end of the connection. */
    private static List<String> head(InputStream in) throws IOException {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next >= 0; next = in.read()) {
            if (next != '\n') {
                line.append((char) next);
                continue;
            }
            if (line.toString().isBlank()) {
                return lines;
            }
            lines.add(line.toString().strip());
            line.setLength(0);
        }
        return List.of();
    }

    private static int length(List<String> head) {
        return head.stream()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .mapToInt(Integer::parseInt)
                .findFirst()
                .orElse(0);
    }
}
