package dev.agentcontainers.nodeagent.image.signature;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.EdDSAParameterSpec;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.InvalidParameterSpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A public key that an administrator trusts: ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 to 8192 bits. Immutable and
 * thread-safe.
 */
public final class TrustedKey {
    private static final String RIGHT =
            "it is a public key as 'cosign generate-key-pair' writes to cosign.pub or 'openssl pkey -pubout' prints: PEM that"
                    + " begins with -----BEGIN PUBLIC KEY-----, of ECDSA (P-256 or P-384), Ed25519 or RSA (2048 to 8192 bits)";
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);
    private static final int LEAST_RSA_BITS = 2048;

    /** Verification with a key of any size takes any time. */
    private static final int MOST_RSA_BITS = 8192;

    /** What cosign 3 signs bundles by; RFC 8032 tells its signatures from those of Ed25519 itself. Not a name of Java's. */
    private static final String PREHASHED = "Ed25519ph";

    private final String name;
    private final PublicKey key;
    private final List<String> algorithms;

    private TrustedKey(String name, PublicKey key, List<String> algorithms) {
        this.name = name;
        this.key = key;
        this.algorithms = List.copyOf(algorithms);
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
        return of(name, encoded);
    }

    private static TrustedKey of(String name, byte[] encoded) {
        for (String kind : List.of("EC", "RSA", "Ed25519")) {
            PublicKey key;
            try {
                key = KeyFactory.getInstance(kind).generatePublic(new X509EncodedKeySpec(encoded));
            } catch (InvalidKeySpecException e) {
                continue; // Of another kind, or of none.
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("this Java has no " + kind, e);
            }
            return new TrustedKey(name, key, algorithms(key));
        }
        throw wrong("is a key of another kind, or damaged");
    }

    /** Which of them made a signature is not always said: cosign signed by SHA-256 with keys of every size for years. */
    private static List<String> algorithms(PublicKey key) {
        return switch (key) {
            case ECPublicKey curve when isOn(curve, "secp256r1") -> List.of("SHA256withECDSA");
            case ECPublicKey curve when isOn(curve, "secp384r1") -> List.of("SHA384withECDSA", "SHA256withECDSA");
            case ECPublicKey _ -> throw wrong("is on another curve than P-256 and P-384");
            case RSAPublicKey rsa -> {
                int bits = rsa.getModulus().bitLength();
                boolean strange = rsa.getPublicExponent().compareTo(BigInteger.TWO) <= 0;
                if (bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS || strange) {
                    throw wrong("is an RSA key of " + bits + " bits with the exponent " + rsa.getPublicExponent());
                }
                yield List.of("SHA256withRSA");
            }
            default -> List.of(PREHASHED, "Ed25519");
        };
    }

    private static boolean isOn(ECPublicKey key, String curve) {
        try {
            AlgorithmParameters known = AlgorithmParameters.getInstance("EC");
            known.init(new ECGenParameterSpec(curve));
            ECParameterSpec wanted = known.getParameterSpec(ECParameterSpec.class);
            ECParameterSpec own = key.getParams();
            return wanted.getCurve().equals(own.getCurve())
                    && wanted.getGenerator().equals(own.getGenerator())
                    && wanted.getOrder().equals(own.getOrder())
                    && wanted.getCofactor() == own.getCofactor();
        } catch (NoSuchAlgorithmException | InvalidParameterSpecException e) {
            throw new IllegalStateException("this Java has no " + curve, e);
        }
    }

    private static IllegalArgumentException wrong(String problem) {
        return new IllegalArgumentException("the key " + problem + "; " + RIGHT);
    }

    public String name() {
        return name;
    }

    /** Whether the key's owner signed exactly that. */
    public boolean verifies(byte[] message, byte[] signature) {
        return algorithms.stream().anyMatch(algorithm -> verifies(algorithm, message, signature));
    }

    private boolean verifies(String algorithm, byte[] message, byte[] signature) {
        try {
            Signature verification = Signature.getInstance(algorithm.equals(PREHASHED) ? "Ed25519" : algorithm);
            if (algorithm.equals(PREHASHED)) {
                verification.setParameter(new EdDSAParameterSpec(true));
            }
            verification.initVerify(key);
            verification.update(message);
            return verification.verify(signature);
        } catch (SignatureException | InvalidKeyException e) {
            return false; // No signature of this kind at all.
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no " + algorithm, e);
        }
    }

    @Override
    public String toString() {
        return "TrustedKey[" + name + ", " + key.getAlgorithm() + "]";
    }
}
