package dev.agentcontainers.cli.fleet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;

/**
 * Stands between one program and the API server, and can kill the program at a request: before it is delivered, or after
 * the API server has answered and before the answer reaches the program. Everything else passes as it is, byte for byte.
 */
final class ApiProxy implements AutoCloseable {
    private static final String END_OF_HEAD = "\r\n\r\n";

    private final ServerSocket listener;
    private final URI apiServer;
    private final SocketFactory upstream;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile Optional<Trap> trap = Optional.empty();

    /** When the program is killed. */
    enum Moment {
        BEFORE,
        AFTER
    }

    private record Trap(ApiWrite write, Moment moment, ProcessHandle victim, AtomicBoolean sprung) {
        boolean catches(Request request, Moment now) {
            return moment == now && write.matches(request.method(), request.path(), request.body());
        }
    }

    private record Request(String head, byte[] content) {
        String method() {
            return head.substring(0, head.indexOf(' '));
        }

        String path() {
            String target = head.substring(head.indexOf(' ') + 1);
            return target.substring(0, target.indexOf(' ')).split("\\?", 2)[0];
        }

        String body() {
            return new String(content, UTF_8);
        }

        boolean changesProtocol() {
            return header("upgrade").filter("websocket"::equalsIgnoreCase).isPresent();
        }

        Optional<String> header(String name) {
            return headerIn(head, name);
        }
    }

    /** @param context with the API server's authority, and the program's certificate where it has one */
    ApiProxy(URI apiServer, SSLContext context) throws IOException {
        this.apiServer = apiServer;
        this.upstream = context.getSocketFactory();
        this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    /** The next such request of the program, which is that process, is its last. */
    void killAt(ApiWrite write, Moment moment, ProcessHandle victim) {
        trap = Optional.of(new Trap(write, moment, victim, new AtomicBoolean()));
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket client) {
        try (client;
                Socket server = upstream.createSocket(apiServer.getHost(), apiServer.getPort())) {
            open.add(server);
            Connection connection = new Connection(client, server);
            Thread.ofVirtual().start(connection::bringAnswers);
            connection.bringRequests();
            open.remove(server);
        } catch (IOException e) {
            // Either side has gone.
        } finally {
            open.remove(client);
        }
    }

    /** One connection of the program and the one to the API server that belongs to it. */
    private final class Connection {
        private final Socket client;
        private final Socket server;
        private volatile Optional<Request> asked = Optional.empty();

        Connection(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void bringRequests() throws IOException {
            InputStream in = new BufferedInputStream(client.getInputStream());
            OutputStream out = server.getOutputStream();
            while (true) {
                Optional<Request> next = read(in);
                if (next.isEmpty()) {
                    return;
                }
                Request request = next.get();
                if (springs(request, Moment.BEFORE)) {
                    return;
                }
                asked = next;
                out.write(request.head().getBytes(ISO_8859_1));
                out.write(request.content());
                out.flush();
                if (request.changesProtocol()) {
                    in.transferTo(out);
                    return;
                }
            }
        }

        void bringAnswers() {
            try (client;
                    server) {
                InputStream in = server.getInputStream();
                OutputStream out = client.getOutputStream();
                byte[] buffer = new byte[16 * 1024];
                int count;
                while ((count = in.read(buffer)) > 0) {
                    if (asked.isPresent() && springs(asked.get(), Moment.AFTER)) {
                        return;
                    }
                    asked = Optional.empty();
                    out.write(buffer, 0, count);
                    out.flush();
                }
            } catch (IOException e) {
                // Either side has gone.
            }
        }
    }

    private boolean springs(Request request, Moment moment) {
        Optional<Trap> set = trap.filter(each -> each.catches(request, moment));
        if (set.isEmpty() || !set.get().sprung().compareAndSet(false, true)) {
            return false;
        }
        trap = Optional.empty();
        ProcessHandle victim = set.get().victim();
        victim.destroyForcibly();
        victim.onExit().join();
        return true;
    }

    /** Empty at the end of the connection. */
    private static Optional<Request> read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < END_OF_HEAD.length()) {
            int next = in.read();
            if (next < 0) {
                return Optional.empty();
            }
            head.write(next);
            matched = next == END_OF_HEAD.charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
        }
        String text = head.toString(ISO_8859_1);
        if (headerIn(text, "transfer-encoding").isPresent()) {
            throw new IOException("a request in pieces is not understood here: " + text);
        }
        int length = headerIn(text, "content-length").map(Integer::parseInt).orElse(0);
        byte[] content = in.readNBytes(length);
        if (content.length < length) {
            throw new EOFException();
        }
        return Optional.of(new Request(text, content));
    }

    private static Optional<String> headerIn(String head, String name) {
        return head.lines()
                .skip(1)
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst();
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
