package dev.agentcontainers.nodeagent.image;

import java.io.IOException;

/**
 * One host where signatures of an image may be. What it gives proves nothing by itself: whoever asks checks all of it.
 * Thread-safe.
 */
public interface SignatureSource {
    /** What messages call it. */
    String name();

    /**
     * A manifest of whatever kind, whole.
     *
     * @param wanted a tag or a digest
     * @param most bytes of it
     * @throws ImageException of kind NOT_FOUND where there is none, of kind UNUSABLE where it is larger
     */
    byte[] document(String wanted, int most) throws IOException, InterruptedException;

    /**
     * The index of what refers to a manifest. Source: OCI distribution specification 1.1, listing referrers.
     *
     * @param artifactType which alone is needed; others may be in it
     * @throws ImageException of kind NOT_FOUND where the host has no such list of anything
     */
    byte[] referrers(Digest manifest, String artifactType, int most) throws IOException, InterruptedException;

    /**
     * Content, whole.
     *
     * @throws ImageException of kind UNUSABLE where it is larger than that
     */
    byte[] content(Digest wanted, int most) throws IOException, InterruptedException;
}
