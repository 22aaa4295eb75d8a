package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageConfiguration;
import java.nio.file.Path;
import java.util.List;

/**
 * The image that an agent has.
 *
 * @param digest of its manifest
 * @param layers directories of its unpacked layers, the lowest first
 */
public record AgentImage(Digest digest, ImageConfiguration configuration, List<Path> layers) {
    public AgentImage {
        layers = List.copyOf(layers);
    }
}
