package dev.agentcontainers.nodeagent.image.signature;

import dev.agentcontainers.nodeagent.image.signature.key.VerificationKey;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A public key that an administrator trusts, under a name. Immutable and thread-safe. */
public final class TrustedKey implements Signer {
    private static final String RIGHT =
            "it is a public key as 'cosign generate-key-pair' writes to cosign.pub or 'openssl pkey -pubout' prints: PEM that"
                    + " begins with -----BEGIN PUBLIC KEY-----, of ECDSA (P-256 or P-384), Ed25519 or RSA (2048 to 8192 bits)";
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private final String name;
    private final VerificationKey key;

    private TrustedKey(String name, VerificationKey key) {
        this.name = name;
        this.key = key;
    }

    /**
     * A key from its PEM.
     *
     * @param name for messages
     * @throws IllegalArgumentException saying what was found and what would be right; never with the text itself, which may
     *     be a private key by mistake
     */
    public static TrustedKey parse(String name, String pem) {
        Matcher block = BLOCK.matcher(pem);
        if (!block.find()) {
            throw wrong("is not PEM");
        }
        String kind = block.group(1);
        if (kind.contains("PRIVATE KEY")) {
            throw wrong("is a private key, which nobody but who signs should have");
        }
        if (!kind.equals("PUBLIC KEY")) {
            throw wrong("is '" + kind + "'");
        }
        byte[] encoded;
        try {
            encoded = Base64.getMimeDecoder().decode(block.group(2).strip());
        } catch (IllegalArgumentException e) {
            throw wrong("has something else than base64 between its lines");
        }
        if (block.find()) {
            throw wrong("has more than one block of PEM: each key has an entry of its own");
        }
        try {
            return new TrustedKey(name, VerificationKey.parse(encoded));
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private static IllegalArgumentException wrong(String problem) {
        return new IllegalArgumentException("the key " + problem + "; " + RIGHT);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String called() {
        return "the key '" + name + "'";
    }

    /** Whether the key's owner signed exactly that. */
    public boolean verifies(byte[] message, byte[] signature) {
        return key.verifies(message, signature);
    }

    @Override
    public String toString() {
        return "TrustedKey[" + name + ", " + key + "]";
    }
}
