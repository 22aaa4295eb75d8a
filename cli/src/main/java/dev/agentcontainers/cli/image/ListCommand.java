package dev.agentcontainers.cli.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.store.StoredImage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code agentctl image list}. */
@Command(
        name = "list",
        aliases = "ls",
        description = {
            "Shows the images on this machine.",
            "",
            "SIZE is that of the layers as they were received; images share layers, which",
            "are here once, unpacked. USED BY is how many agents run from an image and how",
            "many mounts show it, whatever it was called when they were started. -o json has",
            "digests in full, and times.",
            ""
        },
        sortOptions = false)
final class ListCommand extends StoreCommand {
    private static final int SHORT_DIGEST = "sha256:".length() + 12;
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "json",
            description = "Form of the output: json. Default: a table.")
    private String output = "";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    private record Found(List<StoredImage> images, Map<Digest, Integer> users) {
        int usersOf(StoredImage image) {
            return users.getOrDefault(image.digest(), 0);
        }
    }

    @Override
    int work() throws InterruptedException {
        if (!output.isEmpty() && !output.equals("json")) {
            throw new UserException("image list: -o must be json, but is '%s'".formatted(output), 2);
        }
        Found found = store().openPresent(images -> new Found(images.list(), images.users()))
                .orElse(new Found(List.of(), Map.of()));
        spec.commandLine()
                .getOut()
                .print(output.isEmpty() ? table(found, Clock.systemUTC().instant()) : json(found));
        spec.commandLine().getOut().flush();
        if (found.images().isEmpty() && output.isEmpty()) {
            spec.commandLine().getErr().println("No images in " + store().directory());
        }
        return 0;
    }

    private static String table(Found found, Instant now) {
        if (found.images().isEmpty()) {
            return "";
        }
        int width = Math.max(
                "REFERENCE".length(),
                found.images().stream()
                        .mapToInt(image -> image.reference().toString().length())
                        .max()
                        .orElse(0));
        String form = "%-" + width + "s  %-" + SHORT_DIGEST + "s  %10s  %6s  %7s%n";
        StringBuilder table = new StringBuilder(form.formatted("REFERENCE", "DIGEST", "SIZE", "PULLED", "USED BY"));
        for (StoredImage image : found.images()) {
            table.append(form.formatted(
                    image.reference(),
                    image.digest().toString().substring(0, SHORT_DIGEST),
                    ByteCount.text(image.compressedBytes()),
                    age(Duration.between(image.pulledAt(), now)),
                    found.usersOf(image)));
        }
        return table.toString();
    }

    /** As kubectl has it: the largest unit that is not zero. */
    private static String age(Duration age) {
        if (age.toDays() > 0) {
            return age.toDays() + "d";
        }
        if (age.toHours() > 0) {
            return age.toHours() + "h";
        }
        return age.toMinutes() > 0 ? age.toMinutes() + "m" : Math.max(0, age.toSeconds()) + "s";
    }

    private static String json(Found found) {
        ArrayNode list = JSON.createArrayNode();
        for (StoredImage image : found.images()) {
            ObjectNode node = list.addObject()
                    .put("reference", image.reference().toString())
                    .put("digest", image.digest().toString())
                    .put("compressedBytes", image.compressedBytes())
                    .put("pulledAt", image.pulledAt().toString())
                    .put("usedAt", image.usedAt().toString())
                    .put("usedBy", found.usersOf(image));
            ArrayNode layers = node.putArray("layers");
            image.layers().forEach(layer -> layers.add(layer.toString()));
        }
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(list) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
