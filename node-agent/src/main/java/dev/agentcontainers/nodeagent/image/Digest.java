package dev.agentcontainers.nodeagent.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Names content by its hash. Source: OCI image specification 1.1, descriptor.md.
 *
 * @param hex lower-case, of the algorithm's full length
 */
public record Digest(Algorithm algorithm, String hex) implements Comparable<Digest> {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}|[0-9a-f]{128}");

    /** The algorithms of the specification that are taken. */
    public enum Algorithm {
        SHA256("sha256", "SHA-256", 64),
        SHA512("sha512", "SHA-512", 128);

        private final String text;
        private final String provider;
        private final int length;

        Algorithm(String text, String provider, int length) {
            this.text = text;
            this.provider = provider;
            this.length = length;
        }

        public MessageDigest begin() {
            try {
                return MessageDigest.getInstance(provider);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("this Java has no " + provider, e);
            }
        }

        @Override
        public String toString() {
            return text;
        }
    }

    public Digest {
        if (!HEX.matcher(hex).matches() || hex.length() != algorithm.length) {
            throw new IllegalArgumentException("digest '" + algorithm + ":" + hex + "' must have " + algorithm.length
                    + " lower-case hexadecimal digits after '" + algorithm + ":'");
        }
    }

    /** @throws IllegalArgumentException where it is not ALGORITHM:HEX */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? "" : text.substring(0, colon);
        for (Algorithm algorithm : Algorithm.values()) {
            if (algorithm.text.equals(name)) {
                return new Digest(algorithm, text.substring(colon + 1));
            }
        }
        throw new IllegalArgumentException("digest '" + text + "' must begin with 'sha256:' or 'sha512:'");
    }

    /** The SHA-256 digest of what is at hand. */
    public static Digest of(byte[] content) {
        return ended(Algorithm.SHA256, Algorithm.SHA256.begin(), content);
    }

    /** The digest of what an algorithm was given, with {@code rest} at its end. */
    public static Digest ended(Algorithm algorithm, MessageDigest begun, byte[] rest) {
        return new Digest(algorithm, HexFormat.of().formatHex(begun.digest(rest)));
    }

    public boolean isOf(byte[] content) {
        return equals(ended(algorithm, algorithm.begin(), content));
    }

    @Override
    public int compareTo(Digest other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }
}
