package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * What a log says of itself, signed: how many entries it has, and the hash of all. Source: c2sp.org/tlog-checkpoint and
 * c2sp.org/signed-note.
 */
record Checkpoint(long size, byte[] root) {
    private static final int ROOT_BYTES = 32;
    private static final int MOST_SIGNATURES = 32;
    private static final int HINT_BYTES = 4;
    private static final String SIGNATURE = "— ";

    /** @throws DistrustException where the log's key signed no such thing */
    static Checkpoint parse(String note, TransparencyLog log) throws DistrustException {
        int end = note.indexOf("\n\n");
        List<String> lines =
                end < 0 ? List.of() : note.substring(0, end).lines().toList();
        if (lines.size() < 3) {
            throw new DistrustException("has an entry of a log without a checkpoint");
        }
        byte[] signed = note.substring(0, end + 1).getBytes(UTF_8);
        boolean isSigned =
                note.substring(end + 2).lines().limit(MOST_SIGNATURES).anyMatch(line -> isSignature(line, signed, log));
        if (!isSigned) {
            throw new DistrustException(
                    "has an entry of a log with a checkpoint that is not by " + log.url() + ", or was altered");
        }
        try {
            byte[] root = Base64.getDecoder().decode(lines.get(2));
            if (root.length != ROOT_BYTES) {
                throw new DistrustException("has an entry of a log with a checkpoint whose root has " + root.length
                        + " bytes; " + ROOT_BYTES + " belong there");
            }
            return new Checkpoint(Long.parseLong(lines.get(1)), root);
        } catch (IllegalArgumentException e) {
            throw new DistrustException("has an entry of a log with a checkpoint that can't be read", e);
        }
    }

    /** A line of another log or of a witness may have any form. */
    private static boolean isSignature(String line, byte[] signed, TransparencyLog log) {
        int space = line.lastIndexOf(' ');
        if (!line.startsWith(SIGNATURE) || space < SIGNATURE.length()) {
            return false;
        }
        byte[] signature;
        try {
            signature = Base64.getDecoder().decode(line.substring(space + 1));
        } catch (IllegalArgumentException e) {
            return false;
        }
        return signature.length > HINT_BYTES
                && Arrays.equals(signature, 0, HINT_BYTES, log.id(), 0, HINT_BYTES)
                && log.key().verifies(signed, Arrays.copyOfRange(signature, HINT_BYTES, signature.length));
    }
}
