package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Signs as cosign does with a key of its own, by this Java's cryptography. What it makes was compared with cosign 3.1.3's. */
public final class TestSigner {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final byte[] EMPTY = "{}".getBytes(UTF_8);
    private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

    private final KeyPair keys;
    private final String algorithm;

    private TestSigner(KeyPair keys, String algorithm) {
        this.keys = keys;
        this.algorithm = algorithm;
    }

    /** As cosign's own keys are. */
    public static TestSigner p256() {
        return curve("secp256r1", "SHA256withECDSA");
    }

    public static TestSigner curve(String curve, String algorithm) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(curve));
            return new TestSigner(generator.generateKeyPair(), algorithm);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static TestSigner ed25519() {
        try {
            return new TestSigner(KeyPairGenerator.getInstance("Ed25519").generateKeyPair(), "Ed25519");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static TestSigner rsa(int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            return new TestSigner(generator.generateKeyPair(), "SHA256withRSA");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public String publicKey() {
        return pem("PUBLIC KEY", keys.getPublic().getEncoded());
    }

    public String privateKey() {
        return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
    }

    static String pem(String kind, byte[] content) {
        return "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(content) + "\n-----END " + kind
                + "-----\n";
    }

    /** Rules that ask for a signature by this key, under the name {@code team}, of all images of {@code pattern}. */
    public String rules(String pattern) {
        return "rules:\n- images: ['" + pattern + "']\n  signedBy:\n  - name: team\n    key: |\n"
                + publicKey().indent(6);
    }

    byte[] sign(byte[] message) {
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(keys.getPrivate());
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static byte[] payload(String repository, Digest digest) {
        return json(Map.of(
                "critical",
                Map.of(
                        "identity", Map.of("docker-reference", repository),
                        "image", Map.of("docker-manifest-digest", digest.toString()),
                        "type", "cosign container image signature")));
    }

    /**
     * A signature in the list under a tag.
     *
     * @param annotations besides the signature
     */
    public record Entry(byte[] payload, byte[] signature, Map<String, String> annotations) {
        public Entry(byte[] payload, byte[] signature) {
            this(payload, signature, Map.of());
        }
    }

    public Entry entry(byte[] payload) {
        return new Entry(payload, sign(payload));
    }

    public static String tag(Digest digest) {
        return digest.algorithm() + "-" + digest.hex() + ".sig";
    }

    /** The manifest under the tag; its content are the payloads and {@link #configuration}. */
    public static byte[] list(List<Entry> entries) {
        List<Object> layers = new ArrayList<>();
        for (Entry entry : entries) {
            Map<String, String> annotations = new LinkedHashMap<>(entry.annotations());
            annotations.put(
                    "dev.cosignproject.cosign/signature", Base64.getEncoder().encodeToString(entry.signature()));
            layers.add(Map.of(
                    "mediaType",
                    "application/vnd.dev.cosign.simplesigning.v1+json",
                    "digest",
                    Digest.of(entry.payload()).toString(),
                    "size",
                    entry.payload().length,
                    "annotations",
                    annotations));
        }
        return manifest(layers, Map.of());
    }

    private static byte[] manifest(List<Object> layers, Map<String, Object> more) {
        Map<String, Object> manifest = new LinkedHashMap<>(Map.of(
                "schemaVersion",
                2,
                "mediaType",
                ImageDocuments.manifestTypes().get(1),
                "config",
                Map.of(
                        "mediaType",
                        "application/vnd.oci.image.config.v1+json",
                        "digest",
                        Digest.of(configuration()).toString(),
                        "size",
                        configuration().length),
                "layers",
                layers));
        manifest.putAll(more);
        return json(manifest);
    }

    public static byte[] configuration() {
        return EMPTY;
    }

    public static byte[] statement(String predicate, Digest digest) {
        return json(Map.of(
                "_type",
                "https://in-toto.io/Statement/v1",
                "predicateType",
                predicate,
                "subject",
                List.of(Map.of("digest", Map.of(digest.algorithm().toString(), digest.hex()))),
                "predicate",
                Map.of()));
    }

    /** Of the predicate by which cosign says that it is a signature. */
    public static byte[] approval(Digest digest) {
        return statement("https://sigstore.dev/cosign/sign/v1", digest);
    }

    public byte[] bundle(byte[] statement) {
        return bundle(Map.of("publicKey", Map.of("hint", "anything")), Map.of("dsseEnvelope", envelope(statement)));
    }

    Map<String, Object> envelope(byte[] statement) {
        String type = "application/vnd.in-toto+json";
        return Map.of(
                "payload", Base64.getEncoder().encodeToString(statement),
                "payloadType", type,
                "signatures",
                        List.of(Map.of(
                                "sig",
                                Base64.getEncoder().encodeToString(sign(Verification.encoded(type, statement))))));
    }

    static byte[] bundle(Map<String, Object> material, Map<String, Object> content) {
        Map<String, Object> bundle = new LinkedHashMap<>(content);
        bundle.put("mediaType", BUNDLE);
        bundle.put("verificationMaterial", material);
        return json(bundle);
    }

    /** The manifest by which a bundle refers to an image. */
    public static byte[] referrer(byte[] bundle, Digest subject, int subjectSize) {
        return manifest(
                List.of(Map.of("mediaType", BUNDLE, "digest", Digest.of(bundle).toString(), "size", bundle.length)),
                Map.of(
                        "artifactType",
                        BUNDLE,
                        "subject",
                        Map.of(
                                "mediaType",
                                ImageDocuments.manifestTypes().get(1),
                                "digest",
                                subject.toString(),
                                "size",
                                subjectSize)));
    }

    /** The index of what refers to an image, as clients keep it under a tag without the API. */
    public static byte[] referring(byte[]... referrers) {
        List<Object> manifests = new ArrayList<>();
        for (byte[] referrer : referrers) {
            manifests.add(Map.of(
                    "mediaType",
                    ImageDocuments.manifestTypes().get(1),
                    "digest",
                    Digest.of(referrer).toString(),
                    "size",
                    referrer.length,
                    "artifactType",
                    BUNDLE));
        }
        return index(manifests);
    }

    public static byte[] index(List<Object> manifests) {
        return json(Map.of(
                "schemaVersion", 2, "mediaType", ImageDocuments.manifestTypes().getFirst(), "manifests", manifests));
    }

    static byte[] json(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
