package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.StoredImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code agentctl image remove}. */
@Command(
        name = "remove",
        aliases = "rm",
        description = {
            "Removes images by their names, and of their layers those that nobody needs.",
            "",
            "agentctl image remove debian:13 registry.example.org/team/agent:1.4",
            "",
            "Agents that run from one go on: what they have of it stays until they end.",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:all of them are gone",
            "1:one was not here, or could not be removed",
            "2:a wrong command line"
        })
final class RemoveCommand extends StoreCommand {
    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "As agentctl image list shows them.")
    private List<String> images = List.of();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    int work() throws InterruptedException {
        List<ImageReference> references =
                images.stream().map(StoreOption::reference).toList();
        List<ImageReference> absent =
                store().openPresent(open -> remove(references, open)).orElse(references);
        if (!absent.isEmpty()) {
            throw new UserException("image remove: there is no image %s in %s; agentctl image list shows what is there"
                    .formatted(
                            String.join(
                                    ", ",
                                    absent.stream()
                                            .map(ImageReference::toString)
                                            .toList()),
                            store().directory()));
        }
        return 0;
    }

    /** Those that there are not. */
    private List<ImageReference> remove(List<ImageReference> references, ImageStore open)
            throws IOException, InterruptedException {
        List<ImageReference> absent = new ArrayList<>();
        Map<Digest, Integer> users = open.users();
        for (ImageReference reference : references) {
            Optional<StoredImage> image = open.find(reference);
            if (!open.remove(reference)) {
                absent.add(reference);
                continue;
            }
            spec.commandLine().getOut().println(reference);
            spec.commandLine().getOut().flush();
            int using = image.map(StoredImage::digest)
                    .map(digest -> users.getOrDefault(digest, 0))
                    .orElse(0);
            if (using > 0) {
                spec.commandLine()
                        .getErr()
                        .println("agentctl: %d agent%s run%s from %s; its layers go when they have ended"
                                .formatted(using, using == 1 ? "" : "s", using == 1 ? "s" : "", reference));
            }
        }
        return absent;
    }
}
