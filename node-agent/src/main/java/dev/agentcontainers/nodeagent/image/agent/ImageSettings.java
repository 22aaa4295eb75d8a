package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules;
import dev.agentcontainers.nodeagent.image.signature.SignaturesFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a node's images are kept and had from.
 *
 * @param directory of the store, which several nodes of a machine may share; made when it is first needed
 * @param registries how registries are reached
 * @param credentials file of the node's own for registries, as Docker has it; read anew for each pull
 * @param signatures file that says which images must be signed by whom; read anew for each start. Without it no image need be
 * @param freePercent of the directory's disk that stay free where images can be removed for it, 0 to 99
 */
public record ImageSettings(
        Path directory,
        RegistrySettings registries,
        Optional<Path> credentials,
        Optional<Path> signatures,
        int freePercent) {
    /** As kubelets do it: images are removed where more than 85 percent of the disk are in use. */
    public static final int FREE_PERCENT = 15;

    private static final int WHOLE = 100;

    public ImageSettings {
        if (freePercent < 0 || freePercent >= WHOLE) {
            throw new IllegalArgumentException("image-free-percent is " + freePercent
                    + "; it must be 0 to 99, the percent of the disk that stay free of images that no agent has");
        }
    }

    /** The usual, in that directory. */
    public static ImageSettings in(Path directory) {
        return new ImageSettings(directory, RegistrySettings.DEFAULT, Optional.empty(), Optional.empty(), FREE_PERCENT);
    }

    /**
     * What the credentials' file has now.
     *
     * @throws IOException where it can't be read; never with a password
     */
    public RegistryCredentials readCredentials() throws IOException {
        if (credentials.isEmpty()) {
            return RegistryCredentials.NONE;
        }
        Path file = credentials.get();
        try {
            return RegistryCredentials.ofDockerConfig(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new ImageException(Kind.DENIED, "there is no file " + file + " with credentials for registries", e);
        } catch (IllegalArgumentException e) {
            throw new ImageException(Kind.DENIED, "credentials for registries can't be used: " + e.getMessage(), e);
        }
    }

    /**
     * What the signatures' file says now.
     *
     * @throws ImageException of kind UNSIGNED where it can't be read or is wrong, naming the field
     */
    public SignatureRules readSignatures() throws ImageException {
        if (signatures.isEmpty()) {
            return SignatureRules.NONE;
        }
        try {
            return SignaturesFile.read(signatures.get());
        } catch (IOException e) {
            throw new ImageException(
                    Kind.UNSIGNED, "no image is run, since what must be signed is not known: " + e.getMessage(), e);
        }
    }
}
