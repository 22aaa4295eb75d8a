package dev.agentcontainers.nodeagent.linux.netlink;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Builds a payload: a family's header in the machine's byte order, then attributes, each padded to four bytes. */
public final class Payload {
    private static final int NESTED = 0x8000;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);

    public Payload byteValue(int value) {
        bytes.write(value);
        return this;
    }

    public Payload shortValue(int value) {
        return raw(host(2).putShort((short) value).array());
    }

    public Payload shortBigEndian(int value) {
        return raw(ByteBuffer.allocate(2).putShort((short) value).array());
    }

    public Payload intValue(int value) {
        return raw(host(4).putInt(value).array());
    }

    public Payload raw(byte[] value) {
        bytes.writeBytes(value);
        return this;
    }

    public Payload attribute(int type, byte[] value) {
        shortValue(value.length + 4);
        shortValue(type);
        raw(value);
        while (bytes.size() % 4 != 0) {
            bytes.write(0);
        }
        return this;
    }

    public Payload attribute(int type, int value) {
        return attribute(type, host(4).putInt(value).array());
    }

    public Payload attributeByte(int type, int value) {
        return attribute(type, new byte[] {(byte) value});
    }

    public Payload attributeBigEndian(int type, int value) {
        return attribute(type, ByteBuffer.allocate(4).putInt(value).array());
    }

    public Payload attributeBigEndian(int type, long value) {
        return attribute(type, ByteBuffer.allocate(8).putLong(value).array());
    }

    /** A string with the zero byte that ends it. */
    public Payload attribute(int type, String value) {
        return attribute(type, (value + "\0").getBytes(StandardCharsets.UTF_8));
    }

    public Payload nested(int type, Consumer<Payload> content) {
        Payload inner = new Payload();
        content.accept(inner);
        return attribute(type | NESTED, inner.toBytes());
    }

    public byte[] toBytes() {
        return bytes.toByteArray();
    }

    private static ByteBuffer host(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
