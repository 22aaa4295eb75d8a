package dev.agentcontainers.nodeagent.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The attributes of a message or of a nested attribute, in their order. Unknown ones are kept, not judged. */
public final class Attributes {
    private record Attribute(int type, byte[] value) {}

    private static final int TYPE_MASK = 0x3fff;

    private final List<Attribute> attributes = new ArrayList<>();

    /** @param offset where the attributes begin: the length of the family's header */
    public Attributes(byte[] payload, int offset) {
        ByteBuffer buffer = ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
        int position = offset;
        while (position + 4 <= payload.length) {
            int length = Short.toUnsignedInt(buffer.getShort(position));
            int type = Short.toUnsignedInt(buffer.getShort(position + 2)) & TYPE_MASK;
            if (length < 4 || position + length > payload.length) {
                throw new IllegalArgumentException("attribute " + type + " at byte " + position + " has length "
                        + length + " in a payload of " + payload.length);
            }
            byte[] value = new byte[length - 4];
            buffer.get(position + 4, value);
            attributes.add(new Attribute(type, value));
            position += (length + 3) & ~3;
        }
    }

    public Optional<byte[]> bytes(int type) {
        return attributes.stream()
                .filter(attribute -> attribute.type == type)
                .map(Attribute::value)
                .findFirst();
    }

    public Optional<Attributes> nested(int type) {
        return bytes(type).map(value -> new Attributes(value, 0));
    }

    /** All attributes, read as nested ones: the elements of a list. */
    public List<Attributes> elements() {
        return attributes.stream()
                .map(attribute -> new Attributes(attribute.value, 0))
                .toList();
    }

    public Optional<String> text(int type) {
        return bytes(type).map(Attributes::text);
    }

    public Optional<Integer> integer(int type) {
        return bytes(type)
                .map(value ->
                        ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt());
    }

    public Optional<Integer> integerBigEndian(int type) {
        return bytes(type).map(value -> ByteBuffer.wrap(value).getInt());
    }

    public Optional<Long> longBigEndian(int type) {
        return bytes(type).map(value -> ByteBuffer.wrap(value).getLong());
    }

    /** The text up to the first zero byte. */
    public static String text(byte[] value) {
        int length = 0;
        while (length < value.length && value[length] != 0) {
            length++;
        }
        return new String(value, 0, length, StandardCharsets.UTF_8);
    }
}
