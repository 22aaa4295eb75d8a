package dev.agentcontainers.nodeagent.image;

/**
 * A manifest as it was received, of which the digest was checked.
 *
 * @param content exactly the bytes that the digest is of
 */
public record KnownManifest(Digest digest, byte[] content) {}
