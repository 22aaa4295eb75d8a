package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.registry.RegistryFlags;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.signature.SignatureAdmission;
import dev.agentcontainers.nodeagent.image.store.Admission;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl image pull}. */
@Command(
        name = "pull",
        description = {
            "Gets an image as its registry has it now, and prints exactly which that is.",
            "",
            "agentctl image pull debian:13",
            "agentctl image pull registry.example.org/team/agent:1.4 \\",
            "    --credentials ~/.docker/config.json",
            "",
            "Without a registry the image is docker.io's; without tag and digest its tag is",
            "latest. Where there is a digest, it decides. What is here of its content is not",
            "received again; where a pull breaks off, the next one goes on.",
            "What is printed, REPOSITORY:TAG@DIGEST, is the same image everywhere: what",
            "spec.image should say where it must not change.",
            "Where the image must be signed on this machine (--signatures), its signature is",
            "verified and kept with it; without one nothing is pulled.",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:the image is here, whole", "1:it is not, and the message says why", "2:a wrong command line"
        })
final class PullCommand extends StoreCommand {
    @Mixin
    private RegistryFlags registry = new RegistryFlags();

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress, which is shown on standard error where that is a terminal.")
    private boolean quiet;

    @Parameters(paramLabel = "IMAGE", description = "[REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]")
    private String image = "";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    int work() throws InterruptedException {
        ImageReference reference = StoreOption.reference(image);
        ImageSettings settings = registry.settings();
        try (RegistryClient client = new RegistryClient(settings.registries())) {
            RegistryCredentials credentials = settings.readCredentials();
            Admission admission = new SignatureAdmission(settings.readSignatures());
            store().open(images -> new Received(spec.commandLine(), quiet)
                    .from(client.source(reference, credentials), reference, admission, images));
            return 0;
        } catch (IOException e) {
            throw new UserException(String.valueOf(e.getMessage()), 2);
        }
    }
}
