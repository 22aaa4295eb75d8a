package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import java.time.Instant;
import java.util.List;

/**
 * An image of which everything is on this machine.
 *
 * @param digest of the manifest that the reference stands for: with it the same image is had again anywhere
 * @param documents manifests and configuration, by digest; the configuration is the last
 * @param layers digests of the unpacked layers, the lowest first
 * @param proofs digests of what proves that it may be had, as {@link Admission} gave it; may be empty
 * @param compressedBytes size of the layers as they were received
 * @param usedAt when it was pulled or an agent last began to use it
 */
public record StoredImage(
        ImageReference reference,
        Digest digest,
        List<Digest> documents,
        List<Digest> layers,
        List<Digest> proofs,
        long compressedBytes,
        Instant pulledAt,
        Instant usedAt) {
    public StoredImage {
        documents = List.copyOf(documents);
        layers = List.copyOf(layers);
        proofs = List.copyOf(proofs);
    }

    StoredImage used(Instant at) {
        return new StoredImage(reference, digest, documents, layers, proofs, compressedBytes, pulledAt, at);
    }

    StoredImage as(ImageReference other) {
        return new StoredImage(other, digest, documents, layers, proofs, compressedBytes, pulledAt, usedAt);
    }

    /** Whether it is the same content of the same repository, by whichever tag. */
    boolean isOfTheSame(StoredImage other) {
        return isOfTheSame(other.reference, other.digest);
    }

    boolean isOfTheSame(ImageReference other, Digest content) {
        return digest.equals(content)
                && reference.registry().equals(other.registry())
                && reference.repository().equals(other.repository());
    }

    StoredImage proven(List<Digest> by) {
        return new StoredImage(reference, digest, documents, layers, by, compressedBytes, pulledAt, usedAt);
    }
}
