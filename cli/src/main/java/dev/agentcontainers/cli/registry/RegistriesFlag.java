package dev.agentcontainers.cli.registry;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.standalone.MachineImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How registries are reached from this machine. */
public final class RegistriesFlag {
    @Option(
            names = "--registries",
            paramLabel = "FILE",
            description = {
                "File (YAML) with mirrors, plainHttp and authoritiesFile: how registries are reached.",
                "Default: /etc/agentcontainers/registries.yaml, where it is there."
            })
    private @Nullable Path registries;

    /** @throws UserException with that exit code where the file can't be used */
    public ImageSettings settings(int exitCode) {
        try {
            return MachineImages.settings(Optional.ofNullable(registries), System.getenv());
        } catch (IOException e) {
            throw new UserException(String.valueOf(e.getMessage()), exitCode);
        }
    }

    /** As it was given, absolute and checked. */
    public Optional<Path> file() {
        settings(2);
        return Optional.ofNullable(registries).map(Path::toAbsolutePath);
    }
}
