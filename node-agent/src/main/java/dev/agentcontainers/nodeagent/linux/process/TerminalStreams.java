package dev.agentcontainers.nodeagent.linux.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;

/** The master side of a pseudo-terminal as streams; the descriptor stays its owner's. */
public final class TerminalStreams {
    private TerminalStreams() {}

    public static InputStream input(LinuxCalls calls, int descriptor) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return calls.read(descriptor, one, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                byte[] buffer = new byte[length];
                int count = calls.read(descriptor, buffer, length);
                if (count > 0) {
                    System.arraycopy(buffer, 0, bytes, offset, count);
                }
                return count;
            }
        };
    }

    public static OutputStream output(LinuxCalls calls, int descriptor) {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                byte[] rest = Arrays.copyOfRange(bytes, offset, offset + length);
                while (rest.length > 0) {
                    int count = calls.write(descriptor, rest, rest.length);
                    rest = Arrays.copyOfRange(rest, count, rest.length);
                }
            }
        };
    }
}
