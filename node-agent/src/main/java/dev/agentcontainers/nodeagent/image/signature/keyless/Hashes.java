package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/** Hashes by the names that logs have for them. */
final class Hashes {
    private Hashes() {}

    /** @throws DistrustException where it is none of SHA-2's */
    static byte[] of(String algorithm, byte[] content) throws DistrustException {
        return by(
                switch (algorithm.toLowerCase(Locale.ROOT)) {
                    case "sha256", "sha2_256" -> "SHA-256";
                    case "sha384", "sha2_384" -> "SHA-384";
                    case "sha512", "sha2_512" -> "SHA-512";
                    default ->
                        throw new DistrustException(
                                "has an entry of a log with the unknown hash " + Strangers.shown(algorithm));
                },
                content);
    }

    static byte[] sha256(byte[]... parts) {
        return by("SHA-256", parts);
    }

    private static byte[] by(String name, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance(name);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no " + name, e);
        }
    }
}
