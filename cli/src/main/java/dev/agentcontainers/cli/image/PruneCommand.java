package dev.agentcontainers.cli.image;

import dev.agentcontainers.assignment.Amounts;
import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import io.fabric8.kubernetes.api.model.Quantity;
import java.nio.file.Files;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code agentctl image prune}. */
@Command(
        name = "prune",
        description = {
            "Removes images that no agent runs from, and what is left of pulls that broke",
            "off a day ago or earlier: a younger one may be gone on with.",
            "",
            "agentctl image prune                all of them",
            "agentctl image prune --free 10Gi    no more than it takes until so much of the",
            "                                    disk is free; those not used longest first",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:nothing unused is left, or so much is free",
            "1:not so much is free though nothing unused is left",
            "2:a wrong command line"
        })
final class PruneCommand extends StoreCommand {
    @Option(
            names = "--free",
            paramLabel = "BYTES",
            description = "What is to be free of the store's disk, for example 10Gi. Default: whatever comes of it.")
    private @Nullable String free;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** What a prune did; the bytes are free after it. */
    private record Outcome(List<ImageReference> removed, long free) {}

    @Override
    int work() throws InterruptedException {
        long wanted = free == null ? Long.MAX_VALUE : bytes(free);
        Outcome outcome = store().openPresent(images -> new Outcome(
                        images.relieve(wanted),
                        Files.getFileStore(store().directory()).getUsableSpace()))
                .orElse(new Outcome(List.of(), Long.MAX_VALUE));
        outcome.removed().forEach(spec.commandLine().getOut()::println);
        spec.commandLine().getOut().flush();
        if (free != null && outcome.free() < wanted) {
            throw new UserException(
                    "image prune: %s of the disk of %s are free, not %s: agents use the images that are left, and the rest of the disk is used by something else"
                            .formatted(ByteCount.text(outcome.free()), store().directory(), free));
        }
        return 0;
    }

    private static long bytes(String text) {
        try {
            long bytes = Amounts.exactly(Quantity.parse(text), 1);
            if (bytes > 0) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // Answered below.
        }
        throw new UserException("--free %s: must be a number of bytes above 0, for example 10Gi".formatted(text), 2);
    }
}
