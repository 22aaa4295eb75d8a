package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.registry.RegistriesFile;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Where images are kept on a machine for runs without a cluster, and how registries are reached from it. */
public final class MachineImages {
    /** The same as that of an installed node agent with the usual state directory: both may use it at once. */
    public static final Path DIRECTORY = Path.of("/var/lib/agentcontainers/images");

    private static final Path SIGNATURES = Path.of("/etc/agentcontainers/signatures.yaml");
    private static final Path REGISTRIES = Path.of("/etc/agentcontainers/registries.yaml");

    private MachineImages() {}

    /**
     * What this machine's files say.
     *
     * @param registries file to use in place of /etc/agentcontainers/registries.yaml, which need not be there
     * @param signatures file to use in place of /etc/agentcontainers/signatures.yaml, which need not be there
     * @param credentials file to use in place of Docker's
     * @param environment of this process: DOCKER_CONFIG and HOME say where Docker has its file
     */
    public static ImageSettings settings(
            Optional<Path> registries,
            Optional<Path> signatures,
            Optional<Path> credentials,
            Map<String, String> environment)
            throws IOException {
        Optional<Path> file = registriesFile(registries);
        RegistrySettings settings = file.isPresent() ? RegistriesFile.read(file.get()) : RegistrySettings.DEFAULT;
        return new ImageSettings(
                DIRECTORY,
                settings,
                credentials.or(() -> ofDocker(environment)),
                signatures(signatures),
                ImageSettings.FREE_PERCENT);
    }

    /**
     * What this machine asks of signatures now.
     *
     * @param signatures file to use in place of /etc/agentcontainers/signatures.yaml, which need not be there
     * @throws IOException where it can't be read or is wrong, naming the field
     */
    public static SignatureRules signatureRules(Optional<Path> signatures) throws IOException {
        return new ImageSettings(
                        DIRECTORY,
                        RegistrySettings.DEFAULT,
                        Optional.empty(),
                        signatures(signatures),
                        ImageSettings.FREE_PERCENT)
                .readSignatures();
    }

    /**
     * The file that says how registries are reached from this machine; empty where there is none.
     *
     * @param given file to use in place of /etc/agentcontainers/registries.yaml, which need not be there
     */
    public static Optional<Path> registriesFile(Optional<Path> given) {
        return given.or(() -> usual(REGISTRIES));
    }

    private static Optional<Path> signatures(Optional<Path> given) {
        return given.or(() -> usual(SIGNATURES));
    }

    /** One of which it can't be said whether it is there is taken for there, and fails where it is read. */
    static Optional<Path> usual(Path file) {
        return Files.notExists(file) ? Optional.empty() : Optional.of(file);
    }

    private static Optional<Path> ofDocker(Map<String, String> environment) {
        Stream<Path> folders = Stream.concat(
                Optional.ofNullable(environment.get("DOCKER_CONFIG")).map(Path::of).stream(),
                Optional.ofNullable(environment.get("HOME")).map(home -> Path.of(home, ".docker")).stream());
        return folders.map(folder -> folder.resolve("config.json"))
                .filter(Files::isRegularFile)
                .findFirst();
    }
}
