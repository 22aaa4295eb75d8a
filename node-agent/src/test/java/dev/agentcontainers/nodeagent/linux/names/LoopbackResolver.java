package dev.agentcontainers.nodeagent.linux.names;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;

/** A resolver on the loopback interface that knows some names. */
public final class LoopbackResolver implements AutoCloseable {
    private final Map<String, List<String>> names;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final DatagramSocket socket;

    public LoopbackResolver(Map<String, List<String>> names) throws IOException {
        this.names = names;
        this.socket = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0));
        Thread.ofPlatform().daemon().start(this::serve);
    }

    public String address() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    public List<String> asked() {
        return List.copyOf(asked);
    }

    private void serve() {
        byte[] buffer = new byte[4096];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                Message question = new Message(buffer);
                String name = question.getQuestion().getName().toString(true);
                asked.add(name);
                Message answer = new Message(question.getHeader().getID());
                answer.getHeader().setFlag(Flags.QR);
                answer.addRecord(question.getQuestion(), Section.QUESTION);
                for (String address : names.getOrDefault(name, List.of())) {
                    answer.addRecord(
                            new ARecord(
                                    question.getQuestion().getName(), DClass.IN, 60, InetAddress.getByName(address)),
                            Section.ANSWER);
                }
                byte[] bytes = answer.toWire();
                socket.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
