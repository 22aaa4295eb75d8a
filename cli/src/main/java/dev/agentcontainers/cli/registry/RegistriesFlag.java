package dev.agentcontainers.cli.registry;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.standalone.MachineImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How registries are reached. */
public final class RegistriesFlag {
    @Option(
            names = "--registries",
            paramLabel = "FILE",
            description =
                    "How registries are reached: YAML with mirrors, plainHttp and authoritiesFile. Default: /etc/agentcontainers/registries.yaml, where it is there.")
    private @Nullable Path registries;

    /** As it was given, absolute and checked; empty where it was not. */
    public Optional<Path> file() {
        settings(Optional.empty(), Map.of());
        return Optional.ofNullable(registries).map(Path::toAbsolutePath);
    }

    ImageSettings settings(Optional<Path> credentials, Map<String, String> environment) {
        try {
            return MachineImages.settings(Optional.ofNullable(registries), credentials, environment);
        } catch (IOException e) {
            throw new UserException("--registries: " + e.getMessage(), 2);
        }
    }
}
