package dev.agentcontainers.nodeagent.image.signature;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.SignatureSource;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Signed;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Unproven;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * Looks for a signature that counts at one host. What is there is anybody's who may write to the repository: its number and
 * its size have limits, and beyond those nothing of a list is looked at. For one thread.
 */
final class SignatureSearch {
    /** Bytes of a manifest or of an index of signatures. */
    static final int MOST_DOCUMENT = 1 << 20;

    /** Signatures of one manifest at one place. */
    static final int MOST_SIGNATURES = 128;

    static final int MOST_PAYLOAD = 64 << 10;
    static final int MOST_BUNDLE = 1 << 20;

    static final String SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";
    static final String SIGNATURE = "dev.cosignproject.cosign/signature";
    private static final String BUNDLES = "application/vnd.dev.sigstore.bundle";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SignatureSource source;
    private final Verification verification;
    private final Reasons reasons;
    private Optional<ImageException> failure = Optional.empty();

    SignatureSearch(SignatureSource source, Verification verification, Reasons reasons) {
        this.source = source;
        this.verification = verification;
        this.reasons = reasons;
    }

    /** What kept the host from being asked to the end: what it has is not known then. */
    Optional<ImageException> failure() {
        return failure;
    }

    /** What proves that a manifest is signed; empty where nothing does, and the reasons say why. */
    Optional<Evidence> find(Digest manifest) throws InterruptedException {
        Optional<Evidence> simple = tried(nameOf(manifest) + ".sig", () -> simple(nameOf(manifest) + ".sig"));
        return simple.isPresent() ? simple : tried("what refers to " + manifest, () -> bundles(manifest));
    }

    private static String nameOf(Digest digest) {
        return digest.algorithm() + "-" + digest.hex();
    }

    private interface Step {
        Optional<Evidence> run() throws IOException, InterruptedException;
    }

    /** What can't be had or read is no signature. A host that is not able to answer is asked nothing more. */
    private Optional<Evidence> tried(String place, Step step) throws InterruptedException {
        if (failure.isPresent()) {
            return Optional.empty();
        }
        try {
            return step.run();
        } catch (ImageException e) {
            if (e.kind() == Kind.UNREACHABLE) {
                failure = Optional.of(e);
            }
            reasons.add(
                    source.name(), place, e.kind() == Kind.NOT_FOUND ? "is not there" : String.valueOf(e.getMessage()));
        } catch (IOException e) {
            reasons.add(source.name(), place, "can't be read");
        }
        return Optional.empty();
    }

    /** The last one first: a signature is added behind those that are there. */
    private Optional<Evidence> simple(String tag) throws IOException, InterruptedException {
        JsonNode layers = list(JSON.readTree(source.document(tag, MOST_DOCUMENT)), "layers");
        for (int i = layers.size() - 1; i >= 0; i--) {
            JsonNode layer = layers.get(i);
            String place = tag + ", signature " + (i + 1);
            Optional<Evidence> proof = tried(place, () -> simple(place, layer));
            if (proof.isPresent()) {
                return proof;
            }
        }
        return Optional.empty();
    }

    private Optional<Evidence> simple(String place, JsonNode layer) throws IOException, InterruptedException {
        if (!layer.path("mediaType").asText("").equals(SIMPLE)) {
            reasons.add(
                    source.name(),
                    place,
                    "is of the unknown type '" + Verification.shown(layer.path("mediaType")) + "'");
            return Optional.empty();
        }
        JsonNode annotations = layer.path("annotations");
        byte[] signature = base64(annotations.path(SIGNATURE).asText(""));
        byte[] payload = content(layer, MOST_PAYLOAD);
        boolean keyless = !annotations.path(Verification.CERTIFICATE).asText("").isEmpty();
        return proof(
                place,
                keyless
                        ? new Evidence.KeylessSigning(payload, signature, keyless(annotations))
                        : new Evidence.SimpleSigning(payload, signature));
    }

    private static byte[] keyless(JsonNode annotations) throws IOException {
        ObjectNode kept = JSON.createObjectNode();
        for (String each : List.of(Verification.CERTIFICATE, Verification.ENTRY, Verification.STAMP)) {
            if (annotations.has(each)) {
                kept.set(each, annotations.get(each));
            }
        }
        return JSON.writeValueAsBytes(kept);
    }

    private Optional<Evidence> bundles(Digest manifest) throws IOException, InterruptedException {
        JsonNode referring = list(JSON.readTree(referring(manifest)), "manifests");
        for (int i = referring.size() - 1; i >= 0; i--) {
            JsonNode entry = referring.get(i);
            String type = entry.path("artifactType").asText("");
            String place = "referrer " + Verification.shown(entry.path("digest"));
            // Registries that make the list from older manifests leave the type out.
            if (!type.isEmpty() && !type.startsWith(BUNDLES)) {
                reasons.add(source.name(), place, "is of the unknown type '" + Verification.shown(type) + "'");
                continue;
            }
            Optional<Evidence> proof = tried(place, () -> bundle(place, entry));
            if (proof.isPresent()) {
                return proof;
            }
        }
        return Optional.empty();
    }

    /** Without the API, as in registries before the specification's 1.1, clients keep the list under a tag. */
    private byte[] referring(Digest manifest) throws IOException, InterruptedException {
        try {
            return source.referrers(manifest, Verification.BUNDLE, MOST_DOCUMENT);
        } catch (ImageException e) {
            return switch (e.kind()) {
                case NOT_FOUND -> source.document(nameOf(manifest), MOST_DOCUMENT);
                case UNREACHABLE -> referringOr(e, manifest);
                default -> throw e;
            };
        }
    }

    /** Some that have no such API answer so; others have it, and are only not able to answer now. */
    private byte[] referringOr(ImageException failure, Digest manifest) throws IOException, InterruptedException {
        try {
            return source.document(nameOf(manifest), MOST_DOCUMENT);
        } catch (ImageException e) {
            throw e.kind() == Kind.NOT_FOUND ? failure : e;
        }
    }

    private Optional<Evidence> bundle(String place, JsonNode entry) throws IOException, InterruptedException {
        Digest digest = digest(entry);
        byte[] document = source.document(digest.toString(), MOST_DOCUMENT);
        requireIs(digest, document);
        JsonNode layers = list(JSON.readTree(document), "layers");
        if (layers.size() != 1 || !layers.path(0).path("mediaType").asText("").startsWith(BUNDLES)) {
            reasons.add(source.name(), place, "is not one bundle");
            return Optional.empty();
        }
        return proof(place, new Evidence.Bundle(content(layers.get(0), MOST_BUNDLE)));
    }

    private Optional<Evidence> proof(String place, Evidence evidence) {
        return switch (verification.of(evidence)) {
            case Signed _ -> Optional.of(evidence);
            case Unproven(String why) -> {
                reasons.add(source.name(), place, why);
                yield Optional.empty();
            }
        };
    }

    private byte[] content(JsonNode descriptor, int most) throws IOException, InterruptedException {
        Digest digest = digest(descriptor);
        byte[] content = source.content(digest, most);
        requireIs(digest, content);
        return content;
    }

    private static void requireIs(Digest digest, byte[] content) throws ImageException {
        if (!digest.isOf(content)) {
            throw new ImageException(Kind.CORRUPT, "what was given as " + digest + " is something else");
        }
    }

    private static Digest digest(JsonNode descriptor) throws ImageException {
        try {
            return Digest.parse(descriptor.path("digest").asText(""));
        } catch (IllegalArgumentException e) {
            throw new ImageException(
                    Kind.UNUSABLE, "has the digest '" + Verification.shown(descriptor.path("digest")) + "'", e);
        }
    }

    private static byte[] base64(String text) throws ImageException {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new ImageException(Kind.UNUSABLE, "has a signature that is not base64", e);
        }
    }

    private static JsonNode list(JsonNode document, String field) throws ImageException {
        JsonNode list = document.path(field);
        if (!list.isArray()) {
            throw new ImageException(Kind.UNUSABLE, "has no list '" + field + "'");
        }
        if (list.size() > MOST_SIGNATURES) {
            throw new ImageException(
                    Kind.UNUSABLE,
                    "has " + list.size() + " entries; where there are more than " + MOST_SIGNATURES
                            + ", none is looked at");
        }
        return list;
    }
}
