package dev.agentcontainers.protocol;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a machine shows to join: {@code id.secret} as kubeadm's, 6 and 16 lower-case letters and digits. The id names the
 * Secret that says what the token allows; of the secret only the hash is stored (82 bits of chance need no slow hash).
 */
public record BootstrapToken(String id, String secret) {
    private static final int ID_LENGTH = 6;
    private static final int SECRET_LENGTH = 16;
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final Pattern FORM = Pattern.compile("([a-z0-9]{6})\\.([a-z0-9]{16})");

    /** The token of that text; empty where it has not a token's form. */
    public static Optional<BootstrapToken> parse(String text) {
        Matcher matcher = FORM.matcher(text);
        return matcher.matches()
                ? Optional.of(new BootstrapToken(matcher.group(1), matcher.group(2)))
                : Optional.empty();
    }

    public static BootstrapToken generate(SecureRandom random) {
        return new BootstrapToken(letters(random, ID_LENGTH), letters(random, SECRET_LENGTH));
    }

    /** The text that a machine shows. */
    public String value() {
        return id + "." + secret;
    }

    /** What is stored of the secret: SHA-256, hexadecimal. */
    public String hash() {
        return hash(secret);
    }

    /** Compares in constant time. */
    public boolean hasHash(String hash) {
        return MessageDigest.isEqual(
                hash().getBytes(StandardCharsets.US_ASCII), hash.getBytes(StandardCharsets.US_ASCII));
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    private static String letters(SecureRandom random, int length) {
        return random.ints(length, 0, ALPHABET.length())
                .mapToObj(ALPHABET::charAt)
                .collect(StringBuilder::new, StringBuilder::append, StringBuilder::append)
                .toString();
    }

    @Override
    public String toString() {
        return id + ".***";
    }
}
