package dev.agentcontainers.cli.display;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** A VNC viewer as people have, as far as tests need one. Source: RFC 6143. */
public final class VncViewer implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;

    private final Socket socket;
    private final DataInputStream input;
    private final DataOutputStream output;
    private String title = "";
    private int width;
    private int height;

    private VncViewer(int port) throws IOException {
        this.socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        this.input = new DataInputStream(socket.getInputStream());
        this.output = new DataOutputStream(socket.getOutputStream());
    }

    /** One that is let in and shown the display. */
    public static VncViewer connect(int port, String password) throws IOException {
        VncViewer viewer = new VncViewer(port);
        assertThat(viewer.authenticate(password)).isZero();
        viewer.open();
        return viewer;
    }

    /** What the server says of a password: 0 where it is right. */
    static int answerTo(int port, String password) throws IOException {
        try (VncViewer viewer = new VncViewer(port)) {
            return viewer.authenticate(password);
        }
    }

    private int authenticate(String password) throws IOException {
        assertThat(new String(input.readNBytes(12), US_ASCII)).isEqualTo("RFB 003.008\n");
        output.write("RFB 003.008\n".getBytes(US_ASCII));
        assertThat(input.readNBytes(2))
                .as("ways in, of which each wants the password")
                .containsExactly(1, 2);
        output.write(2);
        byte[] key = new byte[8];
        for (int i = 0; i < password.length(); i++) {
            for (int bit = 0; bit < 8; bit++) {
                key[i] |= (byte) ((password.charAt(i) >> bit & 1) << 7 - bit);
            }
        }
        try {
            Cipher des = Cipher.getInstance("DES/ECB/NoPadding");
            des.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "DES"));
            output.write(des.doFinal(input.readNBytes(16)));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
        return input.readInt();
    }

    private void open() throws IOException {
        output.write(1);
        width = input.readUnsignedShort();
        height = input.readUnsignedShort();
        input.readNBytes(16);
        title = new String(input.readNBytes(input.readInt()), US_ASCII);
    }

    public String title() {
        return title;
    }

    public int width() {
        return width;
    }

    public int height() {
        return height;
    }

    /** Asks for everything in ZRLE; how many bytes of pictures come, at least one rectangle's. */
    public int picture() throws IOException {
        encodings(7, 16, -239, -223);
        output.write(new byte[] {3, 0, 0, 0, 0, 0});
        output.writeShort(width);
        output.writeShort(height);
        assertThat(input.readUnsignedByte()).as("an update").isZero();
        input.readByte();
        assertThat(input.readUnsignedShort()).isPositive();
        input.readNBytes(8);
        assertThat(input.readInt()).as("ZRLE").isEqualTo(16);
        int length = input.readInt();
        assertThat(input.readNBytes(length)).hasSize(length);
        return length;
    }

    void encodings(int... encodings) throws IOException {
        output.write(new byte[] {2, 0});
        output.writeShort(encodings.length);
        for (int encoding : encodings) {
            output.writeInt(encoding);
        }
    }

    DataInputStream input() {
        return input;
    }

    DataOutputStream output() {
        return output;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
