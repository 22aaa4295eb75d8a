package dev.agentcontainers.policy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Hashes a sequence of values. Each is preceded by its length, so that no two different sequences feed the same bytes
 * (users choose labels and names).
 */
final class CanonicalHash {
    /** 160 bits: out of reach for a collision, and fits a label value and a DNS label. */
    private static final int BYTES = 20;

    private final MessageDigest digest;

    /** @param domain keeps hashes of different things apart */
    CanonicalHash(String domain) {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
        text(domain);
    }

    CanonicalHash text(String value) {
        byte[] bytes = value.getBytes(UTF_8);
        number(bytes.length);
        digest.update(bytes);
        return this;
    }

    CanonicalHash texts(List<String> values) {
        number(values.size());
        values.forEach(this::text);
        return this;
    }

    CanonicalHash number(int value) {
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
        return this;
    }

    /** The hash so far, as 40 characters of {@code 0-9a-f}. Nothing may be added afterwards. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
    }
}
