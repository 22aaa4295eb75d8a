package dev.agentcontainers.cli.record;

import dev.agentcontainers.cli.fleet.FleetLayout;
import dev.agentcontainers.cli.terminal.DurationConverter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which records: options of the commands that judge by them. */
public final class RecordOptions {
    /** In which node agents keep it, in their state directory. */
    private static final String FOLDER = "audit";

    private static final Path OF_THE_NODE = Path.of("/var/lib/agentcontainers", FOLDER);

    @Option(
            names = "--records",
            paramLabel = "FILE",
            description =
                    "Record of a node: a file, the folder in which it is kept, or - for standard input; several are read together. Default: those of this machine's node agents.")
    private List<String> places = List.of();

    @Option(
            names = "--since",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description =
                    "Only what was recorded in that time until now, as in 30m or 24h. Default: all of the record.")
    private @Nullable Duration since;

    /** Where the records are that are meant; may be none on a machine without a node. */
    public List<String> places() {
        return places.isEmpty() ? ofThisMachine() : List.copyOf(places);
    }

    /** Whether standard input is one of them. */
    public boolean takesStandardInput() {
        return places.contains("-");
    }

    /** Since when; empty for all. */
    public Optional<Instant> since(Instant now) {
        return Optional.ofNullable(since).map(now::minus);
    }

    /**
     * Reads them.
     *
     * @param only the agent that is asked for; empty for all
     */
    public Recorded read(Optional<AgentName> only, Instant now, InputStream standardInput) {
        Recorded recorded = new Recorded(only, since(now).orElse(Instant.MIN));
        new RecordFiles(places()).readInto(recorded, standardInput);
        return recorded;
    }

    private static List<String> ofThisMachine() {
        List<String> found = new ArrayList<>();
        FleetLayout fleet = FleetLayout.ofThisMachine();
        Path nodes = fleet.nodes();
        if (Files.isDirectory(nodes)) {
            try (Stream<Path> entries = Files.list(nodes)) {
                entries.map(node -> fleet.nodeState(node.toFile().getName()).resolve(FOLDER))
                        .filter(Files::isDirectory)
                        .map(Path::toString)
                        .sorted()
                        .forEach(found::add);
            } catch (IOException e) {
                throw new UncheckedIOException("the local fleet's nodes in " + nodes + " can't be listed", e);
            }
        }
        if (Files.isDirectory(OF_THE_NODE)) {
            found.add(OF_THE_NODE.toString());
        }
        return found;
    }
}
