package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How registries are reached. */
final class RegistryOptions {
    @Option(
            names = "--credentials",
            paramLabel = "FILE",
            description =
                    "User names and passwords by registry, in JSON, as docker login writes them (config.json) and a Secret of type kubernetes.io/dockerconfigjson holds them. '-' is standard input. Default: none.")
    private @Nullable Path credentials;

    @Option(
            names = "--authorities",
            paramLabel = "FILE",
            description =
                    "Certificates (PEM) of the authorities that registries' certificates are to be of. Default: those that Java trusts.")
    private @Nullable Path authorities;

    @Option(
            names = "--plain-http",
            paramLabel = "HOST[:PORT]",
            description =
                    "A registry that is spoken to without TLS, which nobody who listens can be kept from reading. Default: none. May be repeated.")
    private List<String> plainHttp = List.of();

    RegistrySettings settings() {
        return new RegistrySettings(
                Map.of(), Set.copyOf(plainHttp), Optional.ofNullable(authorities), RegistrySettings.DEFAULT.patience());
    }

    RegistryCredentials credentials() {
        if (credentials == null) {
            return RegistryCredentials.NONE;
        }
        try {
            return RegistryCredentials.ofDockerConfig(
                    "--credentials " + credentials,
                    credentials.toString().equals("-") ? System.in.readAllBytes() : Files.readAllBytes(credentials));
        } catch (IOException e) {
            throw new UserException("--credentials %s: can't be read".formatted(credentials), 2);
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()), 2);
        }
    }
}
