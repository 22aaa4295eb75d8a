package dev.agentcontainers.nodeagent.gateway;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The end of a gateway that sends what no gateway of this version would: text messages by RFC 6455, on a socket. */
final class LaterGateway implements Closeable {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final Pattern KEY = Pattern.compile("(?i)sec-websocket-key: *(\\S+)");
    private static final Pattern SUBPROTOCOL = Pattern.compile("(?i)sec-websocket-protocol: *(\\S+)");
    private static final int TEXT = 0x81;
    private static final int SHORT = 125;

    private final ServerSocket listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    private final BlockingQueue<Socket> connections = new LinkedBlockingQueue<>();
    private final AtomicInteger connected = new AtomicInteger();

    /** Which of its nodes has said what. */
    final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    LaterGateway() throws IOException {
        Thread.ofVirtual().start(this::accept);
    }

    URI url() {
        return URI.create("http://localhost:" + listener.getLocalPort());
    }

    /** How often a node has dialled. */
    int dials() {
        return connected.get();
    }

    Socket next() throws InterruptedException {
        return connections.take();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException e) {
            // It was closed.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            String head = head(in);
            String answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: " + accepted(group(KEY, head)) + "\r\nSec-WebSocket-Protocol: "
                    + group(SUBPROTOCOL, head) + "\r\n\r\n";
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            connected.incrementAndGet();
            connections.add(socket);
            while (true) {
                hear(in);
            }
        } catch (IOException e) {
            // The node has gone.
        }
    }

    private static String head(DataInputStream in) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (!read.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
            read.write(in.readUnsignedByte());
        }
        return read.toString(StandardCharsets.US_ASCII);
    }

    private static String group(Pattern pattern, String head) throws IOException {
        Matcher matcher = pattern.matcher(head);
        if (!matcher.find()) {
            throw new IOException("no " + pattern + " in " + head);
        }
        return matcher.group(1);
    }

    private static String accepted(String key) {
        try {
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-1")
                            .digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-1", e);
        }
    }

    private void hear(DataInputStream in) throws IOException {
        int kind = in.readUnsignedByte();
        int length = in.readUnsignedByte() & 0x7f;
        if (length == SHORT + 1) {
            length = in.readUnsignedShort();
        } else if (length > SHORT) {
            throw new IOException("longer than any message of this test");
        }
        byte[] mask = in.readNBytes(Integer.BYTES);
        byte[] payload = in.readNBytes(length);
        for (int i = 0; i < payload.length; i++) {
            payload[i] ^= mask[i % Integer.BYTES];
        }
        if (kind == TEXT) {
            heard.add(new String(payload, StandardCharsets.UTF_8));
        }
    }

    static void send(Socket socket, String message) throws IOException {
        byte[] payload = message.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(TEXT);
        if (payload.length > SHORT) {
            frame.write(SHORT + 1);
            frame.write(payload.length >> Byte.SIZE);
        }
        frame.write(payload.length);
        frame.writeBytes(payload);
        socket.getOutputStream().write(frame.toByteArray());
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : connections) {
            socket.close();
        }
    }
}
