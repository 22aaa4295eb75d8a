package dev.agentcontainers.nodeagent.image;

import java.util.Optional;

/**
 * What a manifest says of other content.
 *
 * @param size in bytes, exact
 * @param platform of a manifest in an index, where it says so
 */
public record ContentDescriptor(String mediaType, Digest digest, long size, Optional<ImagePlatform> platform) {
    public ContentDescriptor(String mediaType, Digest digest, long size) {
        this(mediaType, digest, size, Optional.empty());
    }
}
