package dev.agentcontainers.nodeagent.linux.program;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** What a program has at its start, from {@link Executable#DATA} on. Each piece begins with a word of 8 bytes. Not thread-safe. */
final class Data {
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();

    /** The characters with a zero behind them. */
    static byte[] terminated(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    /** The address of these characters, with a zero behind them. */
    long text(String text) {
        return bytes(terminated(text));
    }

    long word(long value) {
        return bytes(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
    }

    /** The address of these bytes. */
    long bytes(byte[] bytes) {
        long address = end();
        content.writeBytes(bytes);
        while (content.size() % Long.BYTES != 0) {
            content.write(0);
        }
        return address;
    }

    int size() {
        return content.size();
    }

    /** The address behind them. */
    long end() {
        return Executable.DATA + content.size();
    }

    byte[] content() {
        return content.toByteArray();
    }
}
