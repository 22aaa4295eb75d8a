package dev.agentcontainers.nodeagent.image;

import java.util.List;

/**
 * How an image is run.
 *
 * @param layers digests of its unpacked layers, the lowest first
 * @param entrypoint program and leading arguments; may be empty
 * @param arguments what follows, unless the user gives something else; a whole command where there is no entrypoint
 * @param environment as NAME=VALUE
 * @param workingDirectory empty for /
 * @param user NAME or ID, and after a colon the same of a group; empty for root
 */
public record ImageConfiguration(
        ImagePlatform platform,
        List<Digest> layers,
        List<String> entrypoint,
        List<String> arguments,
        List<String> environment,
        String workingDirectory,
        String user) {
    public ImageConfiguration {
        layers = List.copyOf(layers);
        entrypoint = List.copyOf(entrypoint);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
    }
}
