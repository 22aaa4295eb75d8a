package dev.agentcontainers.egressproxy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** Beginnings of connections: by a real client, and by hand. */
public final class Hellos {
    private static final byte[] VERSIONS = extension(0x002b, new byte[] {2, 3, 4});

    private Hellos() {}

    /** As the JDK sends it. */
    public static byte[] ofJdk(String serverName, String... protocols) throws Exception {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(serverName)));
        parameters.setProtocols(protocols);
        engine.setSSLParameters(parameters);
        ByteBuffer sent = ByteBuffer.allocate(1 << 15);
        engine.wrap(ByteBuffer.allocate(0), sent);
        byte[] bytes = new byte[sent.flip().remaining()];
        sent.get(bytes);
        return bytes;
    }

    /** Whole, with that name and further extensions behind it. */
    public static byte[] named(String serverName, byte[]... extensions) {
        byte[][] all = new byte[extensions.length + 1][];
        all[0] = serverName(serverName);
        System.arraycopy(extensions, 0, all, 1, extensions.length);
        return with(all);
    }

    /** Whole, with these extensions. */
    public static byte[] with(byte[]... extensions) {
        return record(message(vector(2, join(join(extensions), VERSIONS))));
    }

    /** The message of a ClientHello that ends so. */
    public static byte[] message(byte[] end) {
        byte[] body = join(
                new byte[] {3, 3},
                new byte[32],
                vector(1, new byte[32]),
                vector(2, new byte[] {0x13, 1}),
                new byte[] {1, 0},
                end);
        return join(new byte[] {1}, vector(3, body));
    }

    public static byte[] record(byte[] content) {
        return join(new byte[] {22, 3, 1}, vector(2, content));
    }

    public static byte[] serverName(String name) {
        return serverNames(hostName(name));
    }

    /** @param names the entries of the list */
    public static byte[] serverNames(byte[]... names) {
        return extension(0, vector(2, join(names)));
    }

    public static byte[] extension(int type, byte[] content) {
        return join(new byte[] {(byte) (type >> 8), (byte) type}, vector(2, content));
    }

    /** An entry of the list of server names. */
    public static byte[] hostName(String name) {
        return join(new byte[] {0}, vector(2, name.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** With its length in so many bytes before it. */
    public static byte[] vector(int lengthBytes, byte[] content) {
        byte[] length = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            length[i] = (byte) (content.length >> 8 * (lengthBytes - 1 - i));
        }
        return join(length, content);
    }

    public static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
