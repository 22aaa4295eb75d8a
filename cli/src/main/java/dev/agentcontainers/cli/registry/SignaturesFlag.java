package dev.agentcontainers.cli.registry;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules;
import dev.agentcontainers.nodeagent.standalone.MachineImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which images must be signed by whom. */
public final class SignaturesFlag {
    @Option(
            names = "--signatures",
            paramLabel = "FILE",
            description =
                    "Which images must be signed by whom: YAML with rules. Default: /etc/agentcontainers/signatures.yaml, where it is there; no image need be signed without either.")
    private @Nullable Path signatures;

    Optional<Path> given() {
        return Optional.ofNullable(signatures);
    }

    /**
     * What the file says now.
     *
     * @throws UserException where it can't be read or is wrong, naming the flag where it was given
     */
    public SignatureRules rules() {
        try {
            return MachineImages.signatureRules(given());
        } catch (IOException e) {
            throw new UserException((signatures == null ? "" : "--signatures: ") + e.getMessage(), 2);
        }
    }
}
