package dev.agentcontainers.cli.registry;

import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How registries are reached, and what lets this machine in there. */
public final class RegistryFlags {
    @Mixin
    private RegistriesFlag registries = new RegistriesFlag();

    @Option(
            names = "--credentials",
            paramLabel = "FILE",
            description =
                    "User names and passwords by registry, in JSON, as docker login writes them and a Secret of type kubernetes.io/dockerconfigjson holds them. Default: $DOCKER_CONFIG/config.json, then ~/.docker/config.json, where they are there.")
    private @Nullable Path credentials;

    /** The first of these flags that was given; empty where none was. */
    public Optional<String> firstGiven() {
        return registries.firstGiven().or(() -> Optional.ofNullable(credentials).map(_ -> "--credentials"));
    }

    /** Checked but for the credentials, which are read when something is pulled. */
    public ImageSettings settings() {
        return registries.settings(Optional.ofNullable(credentials), System.getenv());
    }

    /** The same without what Docker has of this process's user: for pulls that others ask for. */
    public ImageSettings settingsForOthers() {
        return registries.settings(Optional.ofNullable(credentials), Map.of());
    }
}
