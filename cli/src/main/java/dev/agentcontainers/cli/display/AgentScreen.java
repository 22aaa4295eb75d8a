package dev.agentcontainers.cli.display;

import dev.agentcontainers.cli.streams.AgentProgram;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A connection to an agent's display, which has let us in. What comes of it is the agent's to say. */
final class AgentScreen implements AutoCloseable {
    private static final int OLDEST = 8;
    private static final int FORMAT = 16;
    private static final int LONGEST_NAME = 1 << 16;

    private final AgentProgram connection;
    private final DataInputStream input;
    private final DataOutputStream output;

    private AgentScreen(AgentProgram connection) {
        this.connection = connection;
        this.input = new DataInputStream(new BufferedInputStream(connection.output(OutputStream.nullOutputStream())));
        this.output = new DataOutputStream(new BufferedOutputStream(connection.input()));
    }

    /** Greets; the connection is closed where that fails. */
    static AgentScreen greet(AgentProgram connection) throws IOException {
        AgentScreen screen = new AgentScreen(connection);
        try {
            screen.greet();
            return screen;
        } catch (IOException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private void greet() throws IOException {
        if (Rfb.minorVersion(input) < OLDEST) {
            throw new Rfb.BrokenException("the agent's display speaks an older RFB than 3.8");
        }
        output.write(Rfb.VERSION.getBytes(StandardCharsets.US_ASCII));
        output.flush();
        boolean open = false;
        for (int kinds = input.readUnsignedByte(); kinds > 0; kinds--) {
            open |= input.readUnsignedByte() == Rfb.NO_AUTHENTICATION;
        }
        if (!open) {
            // The node's never does: a password that somebody would type for it would be the agent's.
            throw new Rfb.BrokenException("the agent's display asks for a password");
        }
        output.writeByte(Rfb.NO_AUTHENTICATION);
        output.flush();
        if (input.readInt() != 0) {
            throw new Rfb.BrokenException("the agent's display lets nobody in");
        }
    }

    /** How large it is, and of what its pixels are made. */
    record Opened(int width, int height, byte[] format) {}

    /** Asks to be shown it, along with whoever else sees it. */
    Opened open() throws IOException {
        output.writeByte(1);
        output.flush();
        int width = input.readUnsignedShort();
        int height = input.readUnsignedShort();
        byte[] format = new byte[FORMAT];
        input.readFully(format);
        int name = input.readInt();
        if (name < 0 || name > LONGEST_NAME) {
            throw new Rfb.BrokenException("the agent's display has too long a name");
        }
        Rfb.skip(input, name);
        return new Opened(width, height, format);
    }

    DataInputStream input() {
        return input;
    }

    DataOutputStream output() {
        return output;
    }

    @Override
    public void close() {
        connection.close();
    }
}
