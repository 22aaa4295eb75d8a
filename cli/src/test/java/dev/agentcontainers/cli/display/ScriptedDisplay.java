package dev.agentcontainers.cli.display;

import dev.agentcontainers.cli.streams.AgentProgram;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A display whose server does what a test has it do, as an agent may. */
final class ScriptedDisplay implements AgentProgram {
    private final Socket ours;
    private final Socket agents;
    final DataInputStream input;
    final DataOutputStream output;

    ScriptedDisplay() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ours = new Socket(server.getInetAddress(), server.getLocalPort());
            agents = server.accept();
        }
        input = new DataInputStream(agents.getInputStream());
        output = new DataOutputStream(agents.getOutputStream());
    }

    /** What it says until it has let in who comes. It says it at once, whatever it is answered. */
    ScriptedDisplay welcoming(int kindOfSecurity) throws IOException {
        output.write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        output.write(new byte[] {1, (byte) kindOfSecurity, 0, 0, 0, 0});
        return this;
    }

    /** A screen of 2 by 2. */
    ScriptedDisplay showing(String name) throws IOException {
        output.write(new byte[] {0, 2, 0, 2, 32, 24, 0, 1, 0, -1, 0, -1, 0, -1, 16, 8, 0, 0, 0, 0});
        output.writeInt(name.length());
        output.write(name.getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    /** What has been sent until it is let in and shows: the version, the kind of security, and that others may look too. */
    byte[] greeting() throws IOException {
        return input.readNBytes(14);
    }

    /** An update of one rectangle, of that encoding and these bytes. */
    ScriptedDisplay update(int encoding, byte... content) throws IOException {
        output.write(new byte[] {0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 2});
        output.writeInt(encoding);
        output.write(content);
        return this;
    }

    @Override
    public InputStream output(OutputStream errors) {
        try {
            return ours.getInputStream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public OutputStream input() {
        try {
            return ours.getOutputStream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int exitCode() {
        return 0;
    }

    @Override
    public void close() {
        try {
            ours.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
