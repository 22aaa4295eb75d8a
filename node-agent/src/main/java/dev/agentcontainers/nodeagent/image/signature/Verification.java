package dev.agentcontainers.nodeagent.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Signed;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Unproven;
import dev.agentcontainers.nodeagent.image.signature.keyless.DistrustException;
import dev.agentcontainers.nodeagent.image.signature.keyless.KeylessProof;
import dev.agentcontainers.nodeagent.image.signature.keyless.SignedContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Verifies signatures of one image. Nothing of what was signed is believed before its signature is verified, and nothing that
 * was not signed is believed at all: annotations, hints of keys. Certificates and entries of transparency logs count where a
 * rule has identities, as {@link KeylessProof} verifies them.
 *
 * @param manifests of the image, of which each names the next; a signature of any of them counts
 */
record Verification(ImageReference reference, List<KnownManifest> manifests, Demand.SignedBy demand) {
    /** What cosign writes; the older signatures of containers/image, by GPG, have another. */
    private static final String SIMPLE = "cosign container image signature";

    static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

    /** Of which a proof that an entry is in a log was no part yet, but the log's signature. */
    private static final String FIRST_BUNDLE = "application/vnd.dev.sigstore.bundle+json;version=0.1";

    /** The same format, as far as it is looked at here; its name was another one at first. */
    private static final Set<String> BUNDLES = Set.of(
            BUNDLE,
            "application/vnd.dev.sigstore.bundle+json;version=0.3",
            "application/vnd.dev.sigstore.bundle+json;version=0.2",
            FIRST_BUNDLE);

    /** PEM of the certificate by which a signature under a tag was made. */
    static final String CERTIFICATE = "dev.sigstore.cosign/certificate";

    /** What a log has of it, with the log's signature. */
    static final String ENTRY = "dev.sigstore.cosign/bundle";

    static final String STAMP = "dev.sigstore.cosign/rfc3161timestamp";

    private static final String IN_TOTO = "application/vnd.in-toto+json";
    private static final Set<String> STATEMENTS =
            Set.of("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1");

    /** Statements of any other kind say something of an image, for example what is wrong with it, and approve of nothing. */
    private static final String APPROVAL = "https://sigstore.dev/cosign/sign/v1";

    private static final int MOST_SUBJECTS = 64;
    private static final int SHOWN = 80;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    Verdict of(Evidence evidence) {
        try {
            return switch (evidence) {
                case Evidence.SimpleSigning(byte[] payload, byte[] signature) ->
                    simple(payload, keySigned(payload, signature));
                case Evidence.KeylessSigning(byte[] payload, byte[] signature, byte[] annotations) ->
                    simple(payload, signed(payload, signature, JSON.readTree(annotations)));
                case Evidence.Bundle(byte[] document) -> bundle(JSON.readTree(document));
            };
        } catch (DistrustException e) {
            return new Unproven(e.why());
        } catch (IOException e) {
            return new Unproven("is not JSON, or not all of it");
        } catch (IllegalArgumentException e) {
            return new Unproven("has something else than base64 where that belongs");
        } catch (RuntimeException | StackOverflowError e) {
            // Parsers of strangers' bytes end in any way, and the next signature may be right.
            return new Unproven("proves nothing: it ends in a " + e.getClass().getSimpleName() + " when it is read");
        }
    }

    /** Annotations are anybody's: with one of the rule's keys it does not matter what they say. */
    private Signer signed(byte[] payload, byte[] signature, JsonNode annotations)
            throws DistrustException, IOException {
        Optional<TrustedKey> key = signer(payload, signature);
        if (key.isPresent()) {
            return key.get();
        }
        KeylessProof proof = KeylessProof.ofAnnotations(
                annotations.path(CERTIFICATE).asText(""),
                annotation(annotations, ENTRY),
                annotation(annotations, STAMP));
        return identity(proof, new SignedContent(payload, signature, Optional.empty()));
    }

    /** Only what is not there at all is taken for absent. */
    private static Optional<JsonNode> annotation(JsonNode annotations, String name)
            throws DistrustException, IOException {
        if (!annotations.has(name)) {
            return Optional.empty();
        }
        JsonNode value = JSON.readTree(annotations.path(name).asText(""));
        if (!annotations.path(name).isTextual() || !value.isObject()) {
            throw new DistrustException("has the annotation " + name + ", which is not JSON of an object");
        }
        return Optional.of(value);
    }

    /** Source: github.com/containers/image, docs/containers-signature.5.md; cosign differs in the type and in how it is signed. */
    private Verdict simple(byte[] payload, Signer signer) throws IOException {
        JsonNode critical = JSON.readTree(payload).path("critical");
        if (!critical.path("type").asText("").equals(SIMPLE)) {
            return new Unproven("is of the type '" + shown(critical.path("type")) + "', not '" + SIMPLE + "'");
        }
        JsonNode digest = critical.path("image").path("docker-manifest-digest");
        Optional<Digest> manifest = known(digest.asText(""));
        if (manifest.isEmpty()) {
            return another(signer, digest);
        }
        JsonNode named = critical.path("identity").path("docker-reference");
        if (demand.repository() && !isRepository(named.asText(""))) {
            return otherRepository(signer, named);
        }
        return new Signed(signer, manifest.get());
    }

    private Verdict bundle(JsonNode bundle) throws IOException, DistrustException {
        String type = bundle.path("mediaType").asText("");
        if (!BUNDLES.contains(type)) {
            return new Unproven("is a bundle of the type '" + shown(bundle.path("mediaType")) + "'; " + BUNDLE
                    + " can be verified");
        }
        JsonNode material = bundle.path("verificationMaterial");
        Optional<KeylessProof> proof = KeylessProof.isIn(material)
                ? Optional.of(KeylessProof.ofBundle(material, !type.equals(FIRST_BUNDLE)))
                : Optional.empty();
        boolean enveloped = bundle.has("dsseEnvelope");
        if (enveloped == bundle.has("messageSignature")) {
            return new Unproven("is a bundle with neither or both of dsseEnvelope and messageSignature");
        }
        return enveloped
                ? envelope(bundle.path("dsseEnvelope"), proof)
                : message(bundle.path("messageSignature"), proof);
    }

    /** A signature of the manifest's bytes, which name no repository. What the bundle says of their digest is a hint only. */
    private Verdict message(JsonNode message, Optional<KeylessProof> proof) throws DistrustException {
        byte[] signature = bytes(message.path("signature"));
        for (KnownManifest manifest : manifests) {
            boolean isOf = proof.isPresent()
                    ? proof.get().isOf(manifest.content(), signature)
                    : signer(manifest.content(), signature).isPresent();
            if (isOf) {
                Signer signer = signed(new SignedContent(manifest.content(), signature, Optional.empty()), proof);
                return demand.repository()
                        ? new Unproven("by " + signer.called() + " names no repository, which the rule asks for")
                        : new Signed(signer, manifest.digest());
            }
        }
        return new Unproven(
                proof.isPresent()
                        ? "is not by the key of its certificate, or of another image"
                        : "is by none of the rule's keys, or of another image");
    }

    /** Source: github.com/secure-systems-lab/dsse, envelope.md and protocol.md. */
    private Verdict envelope(JsonNode envelope, Optional<KeylessProof> proof) throws IOException, DistrustException {
        JsonNode signatures = envelope.path("signatures");
        if (!signatures.isArray() || signatures.size() != 1) {
            return new Unproven("is a bundle with " + signatures.size() + " signatures; one belongs there");
        }
        String type = envelope.path("payloadType").asText("");
        byte[] payload = bytes(envelope.path("payload"));
        byte[] signature = bytes(signatures.path(0).path("sig"));
        Signer signer = signed(new SignedContent(encoded(type, payload), signature, Optional.of(payload)), proof);
        if (!type.equals(IN_TOTO)) {
            return new Unproven(
                    "is of a payload of the type '" + shown(envelope.path("payloadType")) + "', not " + IN_TOTO);
        }
        return statement(signer, JSON.readTree(payload));
    }

    private Signer signed(SignedContent content, Optional<KeylessProof> proof) throws DistrustException {
        return proof.isPresent() ? identity(proof.get(), content) : keySigned(content.message(), content.signature());
    }

    private TrustedKey keySigned(byte[] message, byte[] signature) throws DistrustException {
        return signer(message, signature)
                .orElseThrow(() -> new DistrustException("is by none of the rule's keys, or was altered"));
    }

    /** Several of the rule's may be the one that signed, by roots of which one proves it. */
    private TrustedIdentity identity(KeylessProof proof, SignedContent content) throws DistrustException {
        if (demand.identities().isEmpty()) {
            throw new DistrustException("is made with a certificate (keyless) that says that it is of "
                    + proof.claimed() + ", and the rule takes keys only");
        }
        Optional<DistrustException> first = Optional.empty();
        for (TrustedIdentity identity : demand.identities()) {
            if (!identity.fits(proof.claimed())) {
                continue;
            }
            try {
                proof.require(identity.root(), content);
                return identity;
            } catch (DistrustException e) {
                first = first.or(() -> Optional.of(e));
            }
        }
        throw first.orElseGet(() -> new DistrustException(
                "is of " + proof.claimed() + " by what its certificate says, who is none of the rule's identities"));
    }

    /** What is signed, so that type and payload can't be read as each other: DSSE's pre-authentication encoding. */
    static byte[] encoded(String type, byte[] payload) {
        byte[] typeBytes = type.getBytes(UTF_8);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(("DSSEv1 " + typeBytes.length + " ").getBytes(UTF_8));
        all.writeBytes(typeBytes);
        all.writeBytes((" " + payload.length + " ").getBytes(UTF_8));
        all.writeBytes(payload);
        return all.toByteArray();
    }

    /** Source: github.com/in-toto/attestation, spec/v1/statement.md. */
    private Verdict statement(Signer signer, JsonNode statement) {
        if (!STATEMENTS.contains(statement.path("_type").asText(""))) {
            return new Unproven("is of a statement of the type '" + shown(statement.path("_type")) + "'");
        }
        JsonNode predicate = statement.path("predicateType");
        if (!predicate.asText("").equals(APPROVAL)) {
            return new Unproven("by " + signer.called() + " is an attestation ('" + shown(predicate)
                    + "') and no signature ('" + APPROVAL + "')");
        }
        JsonNode subjects = statement.path("subject");
        if (!subjects.isArray() || subjects.isEmpty() || subjects.size() > MOST_SUBJECTS) {
            return new Unproven("is of a statement with " + subjects.size() + " subjects; 1 to " + MOST_SUBJECTS
                    + " are looked at");
        }
        Optional<Unproven> other = Optional.empty();
        for (JsonNode subject : subjects) {
            Optional<Digest> manifest = subjectOf(subject);
            if (manifest.isEmpty()) {
                continue;
            }
            JsonNode named = subject.path("name");
            if (!demand.repository() || isRepository(named.asText(""))) {
                return new Signed(signer, manifest.get());
            }
            other = other.or(() -> Optional.of(otherRepository(signer, named)));
        }
        return other.orElseGet(
                () -> another(signer, subjects.path(0).path("digest").path("sha256")));
    }

    private Optional<Digest> subjectOf(JsonNode subject) {
        for (KnownManifest manifest : manifests) {
            Digest digest = manifest.digest();
            String said =
                    subject.path("digest").path(digest.algorithm().toString()).asText("");
            if (said.equals(digest.hex())) {
                return Optional.of(digest);
            }
        }
        return Optional.empty();
    }

    private Optional<TrustedKey> signer(byte[] message, byte[] signature) {
        return demand.keys().stream()
                .filter(key -> key.verifies(message, signature))
                .findFirst();
    }

    private Optional<Digest> known(String digest) {
        return manifests.stream()
                .map(KnownManifest::digest)
                .filter(known -> known.toString().equals(digest))
                .findFirst();
    }

    /** A tag may stand there as well, which says nothing: it was another image's before, and will be. */
    private boolean isRepository(String named) {
        try {
            ImageReference other = ImageReference.parse(named);
            return RepositoryPattern.hostOf(other).equals(RepositoryPattern.hostOf(reference))
                    && other.repository().equals(reference.repository());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static Unproven another(Signer signer, JsonNode digest) {
        return new Unproven("by " + signer.called() + " is of another image, " + shown(digest));
    }

    private Unproven otherRepository(Signer signer, JsonNode named) {
        return new Unproven("by " + signer.called() + " names the repository '" + shown(named) + "', and the rule asks"
                + " for the image's");
    }

    private static byte[] bytes(JsonNode base64) {
        return Base64.getDecoder().decode(base64.asText(""));
    }

    static String shown(JsonNode text) {
        return shown(text.asText(""));
    }

    /** What strangers wrote, for a message: short, and in letters that do nothing to a terminal. */
    static String shown(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= SHOWN ? plain : plain.substring(0, SHOWN) + "…";
    }
}
