package dev.agentcontainers.nodeagent.image.signature.key;

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
import java.util.List;

/**
 * A public key that signatures are verified by: ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 to 8192 bits. Immutable and
 * thread-safe.
 */
public final class VerificationKey {
    private static final int LEAST_RSA_BITS = 2048;

    /** Verification with a key of any size takes any time. */
    private static final int MOST_RSA_BITS = 8192;

    /** What cosign 3 signs bundles by; RFC 8032 tells its signatures from those of Ed25519 itself. Not a name of Java's. */
    private static final String PREHASHED = "Ed25519ph";

    private final PublicKey key;
    private final List<String> algorithms;

    private VerificationKey(PublicKey key, List<String> algorithms) {
        this.key = key;
        this.algorithms = List.copyOf(algorithms);
    }

    /**
     * A key as X.509 has it (SubjectPublicKeyInfo).
     *
     * @throws IllegalArgumentException that goes on from "the key", saying what was found; never with the bytes themselves
     */
    public static VerificationKey parse(byte[] encoded) {
        for (String kind : List.of("EC", "RSA", "Ed25519")) {
            PublicKey key;
            try {
                key = KeyFactory.getInstance(kind).generatePublic(new X509EncodedKeySpec(encoded));
            } catch (InvalidKeySpecException e) {
                continue; // Of another kind, or of none.
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("this Java has no " + kind, e);
            }
            return new VerificationKey(key, algorithms(key));
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
        return new IllegalArgumentException(problem);
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
        return key.getAlgorithm();
    }
}
