package dev.agentcontainers.assignment.reference;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names of copies in a node's namespace. */
final class CopyName {
    private static final int HASH_LENGTH = 40;

    private CopyName() {}

    static String of(Reference reference) {
        String initial = switch (reference.kind()) {
            case SECRET -> "s-";
            case CONFIG_MAP -> "c-";
        };
        return initial + hash(reference.namespace() + "/" + reference.name()).substring(0, HASH_LENGTH);
    }

    private static String hash(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
