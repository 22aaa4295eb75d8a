package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.sandbox.Screen;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ByteChannel;

/** Who looks at a display, as far as tests need one. Source: RFC 6143. */
final class RfbViewer implements AutoCloseable {
    private static final byte[] VERSION = "RFB 003.008\n".getBytes(US_ASCII);
    private static final byte NO_PASSWORD = 1;
    private static final byte SHARED = 1;
    private static final byte SET_ENCODINGS = 2;
    private static final byte UPDATE_REQUEST = 3;
    private static final int RAW = 0;

    private final ByteChannel channel;
    private final Screen screen;

    /** Greets, and is shown in. */
    RfbViewer(ByteChannel channel) throws IOException {
        this.channel = channel;
        assertThat(new String(read(VERSION.length).array(), US_ASCII)).startsWith("RFB 003.");
        write(ByteBuffer.wrap(VERSION));
        int kinds = read(1).get();
        assertThat(read(kinds).array()).containsExactly(NO_PASSWORD);
        write(ByteBuffer.wrap(new byte[] {NO_PASSWORD}));
        assertThat(read(Integer.BYTES).getInt()).isZero();
        write(ByteBuffer.wrap(new byte[] {SHARED}));
        ByteBuffer answer = read(24);
        this.screen = new Screen(answer.getShort(), answer.getShort());
        read(answer.getInt(20));
        write(ByteBuffer.allocate(8)
                .put(SET_ENCODINGS)
                .put((byte) 0)
                .putShort((short) 1)
                .putInt(RAW)
                .flip());
    }

    Screen screen() {
        return screen;
    }

    /** As 0xRRGGBB, as the server has it by itself. */
    int pixel(int x, int y) throws IOException {
        write(ByteBuffer.allocate(10)
                .put(UPDATE_REQUEST)
                .put((byte) 0)
                .putShort((short) x)
                .putShort((short) y)
                .putShort((short) 1)
                .putShort((short) 1)
                .flip());
        assertThat(read(4).getShort(2)).as("rectangles").isEqualTo((short) 1);
        ByteBuffer rectangle = read(12);
        assertThat(rectangle.getInt(8)).isEqualTo(RAW);
        int bytes = rectangle.getShort(4) * rectangle.getShort(6) * Integer.BYTES;
        return read(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt() & 0xffffff;
    }

    private ByteBuffer read(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            assertThat(channel.read(buffer)).as("the display has closed").isNotNegative();
        }
        return buffer.flip();
    }

    private void write(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
