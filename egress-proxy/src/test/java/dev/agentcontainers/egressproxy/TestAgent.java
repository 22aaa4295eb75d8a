package dev.agentcontainers.egressproxy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * Asks from an address of the loopback interface.
 *
 * @param server which listens by UDP and TCP at one port
 */
public record TestAgent(String address, InetSocketAddress server) {
    private static final int PATIENCE = 10_000;

    public Message ask(String name, String type) throws IOException {
        return ask(question(name, type));
    }

    public Message ask(Message question) throws IOException {
        return new Message(ask(question.toWire()));
    }

    /** What comes back for these bytes. */
    public byte[] ask(byte[] question) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, 0))) {
            socket.setSoTimeout(PATIENCE);
            socket.send(new DatagramPacket(question, question.length, server));
            DatagramPacket answer = new DatagramPacket(new byte[65535], 65535);
            socket.receive(answer);
            return Arrays.copyOf(answer.getData(), answer.getLength());
        }
    }

    /** Asks for all of them and waits for nothing. */
    public void flood(List<String> names) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, 0))) {
            for (String name : names) {
                byte[] question = question(name, "A").toWire();
                socket.send(new DatagramPacket(question, question.length, server));
            }
        }
    }

    public Message askByStream(Message question) throws IOException {
        try (Socket socket = new Socket(server.getAddress(), server.getPort(), InetAddress.getByName(address), 0)) {
            socket.setSoTimeout(PATIENCE);
            byte[] bytes = question.toWire();
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeShort(bytes.length);
            out.write(bytes);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            return new Message(in.readNBytes(in.readUnsignedShort()));
        }
    }

    public static Message question(String name, String type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name + "."), Type.value(type), DClass.IN));
    }
}
