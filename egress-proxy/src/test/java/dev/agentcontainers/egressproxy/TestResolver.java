package dev.agentcontainers.egressproxy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** A resolver on the loopback interface, by UDP and TCP at one port, that says what a test wants. */
public final class TestResolver implements AutoCloseable {
    private final DatagramSocket datagrams;
    private final ServerSocket streams;
    private final List<Asked> asked = new CopyOnWriteArrayList<>();
    private volatile Function<Message, List<byte[]>> byDatagram = _ -> List.of();
    private volatile Function<Message, List<byte[]>> byStream = _ -> List.of();

    /** @param port that the question came from */
    public record Asked(Message question, boolean stream, int port) {
        public String name() {
            return question.getQuestion().getName().toString(true);
        }
    }

    public TestResolver() throws IOException {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        streams = new ServerSocket(0, 50, loopback);
        datagrams = new DatagramSocket(new InetSocketAddress(loopback, streams.getLocalPort()));
        Thread.ofPlatform().daemon().start(this::serveDatagrams);
        Thread.ofPlatform().daemon().start(this::serveStreams);
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) streams.getLocalSocketAddress();
    }

    /** Answers by both ways with these records. */
    public void answer(String... records) {
        answer(question -> List.of(response(question, records).toWire()));
    }

    public void answer(Function<Message, List<byte[]>> how) {
        byDatagram = how;
        byStream = how;
    }

    public void answerDatagrams(Function<Message, List<byte[]>> how) {
        byDatagram = how;
    }

    public List<Asked> asked() {
        return List.copyOf(asked);
    }

    /** A response with records as in a zone file: {@code www.example.org. 60 IN A 192.0.2.1}. */
    public static Message response(Message question, String... records) {
        Message response = new Message(question.getHeader().getID());
        response.getHeader().setFlag(Flags.QR);
        response.getHeader().setFlag(Flags.RA);
        response.addRecord(question.getQuestion(), Section.QUESTION);
        for (String record : records) {
            response.addRecord(record(record), Section.ANSWER);
        }
        return response;
    }

    public static Record record(String text) {
        String[] words = text.split(" ", 5);
        try {
            return Record.fromString(
                    Name.fromString(words[0]),
                    Type.value(words[3]),
                    DClass.value(words[2]),
                    Long.parseLong(words[1]),
                    words[4],
                    Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(text, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serveDatagrams() {
        byte[] buffer = new byte[65535];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                datagrams.receive(packet);
                Message question = new Message(Arrays.copyOf(buffer, packet.getLength()));
                asked.add(new Asked(question, false, packet.getPort()));
                for (byte[] answer : byDatagram.apply(question)) {
                    datagrams.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void serveStreams() {
        try {
            while (true) {
                Socket socket = streams.accept();
                Thread.ofPlatform().daemon().start(() -> serve(socket));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            Message question = new Message(in.readNBytes(in.readUnsignedShort()));
            asked.add(new Asked(question, true, socket.getPort()));
            for (byte[] answer : byStream.apply(question)) {
                out.writeShort(answer.length);
                out.write(answer);
            }
            // Until the other end has what it wants.
            in.read();
        } catch (IOException e) {
            // The other end has gone.
        }
    }

    @Override
    public void close() throws IOException {
        datagrams.close();
        streams.close();
    }
}
