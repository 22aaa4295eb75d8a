package dev.agentcontainers.cli.registry;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.standalone.MachineImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How registries are reached, and which of their images must be signed. */
public final class RegistriesFlag {
    @Option(
            names = "--registries",
            paramLabel = "FILE",
            description =
                    "How registries are reached: YAML with mirrors, plainHttp and authoritiesFile. Default: /etc/agentcontainers/registries.yaml, where it is there.")
    private @Nullable Path registries;

    @Mixin
    private SignaturesFlag signatures = new SignaturesFlag();

    /** The first of these flags that was given; empty where none was. */
    Optional<String> firstGiven() {
        return Optional.ofNullable(registries)
                .map(_ -> "--registries")
                .or(() -> signatures.given().map(_ -> "--signatures"));
    }

    /** The file that says how registries are reached, absolute and checked, also where it is the usual one; empty without. */
    public Optional<Path> file() {
        settings(Optional.empty(), Map.of());
        return MachineImages.registriesFile(Optional.ofNullable(registries)).map(Path::toAbsolutePath);
    }

    /** The file that says which images must be signed, absolute and checked, also where it is the usual one; empty without. */
    public Optional<Path> signaturesFile() {
        return settings(Optional.empty(), Map.of()).signatures().map(Path::toAbsolutePath);
    }

    ImageSettings settings(Optional<Path> credentials, Map<String, String> environment) {
        signatures.rules();
        try {
            return MachineImages.settings(
                    Optional.ofNullable(registries), signatures.given(), credentials, environment);
        } catch (IOException e) {
            throw new UserException((registries == null ? "" : "--registries: ") + e.getMessage(), 2);
        }
    }
}
