package dev.agentcontainers.operator.fleet;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names. */
public final class NodeNamespace {
    private static final String PREFIX = "agentnode-";
    private static final int LIMIT = 63;
    private static final int HASH_LENGTH = 10;

    private NodeNamespace() {}

    /**
     * The name of a node's namespace: {@code agentnode-<name>}. A namespace's name is a DNS label; a node's may have dots
     * and up to 253 characters. One that doesn't fit is shortened and gets a hash of the whole name.
     */
    public static String of(String nodeName) {
        String plain = PREFIX + nodeName;
        if (plain.length() <= LIMIT && nodeName.indexOf('.') < 0) {
            return plain;
        }
        String readable = plain.replace('.', '-');
        int kept = Math.min(readable.length(), LIMIT - HASH_LENGTH - 1);
        return readable.substring(0, kept) + "-" + hash(nodeName).substring(0, HASH_LENGTH);
    }

    /** SHA-256 in hexadecimal. */
    public static String hash(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
