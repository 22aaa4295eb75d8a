package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.startcache.Program.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The node agent as a service of systemd.
 *
 * @param units where units of the administrator are
 * @param programs where the program is installed, each version in a folder of its own
 */
record NodeService(Path units, Path programs) {
    private static final String INCOMPLETE = "incomplete";

    static NodeService ofThisMachine() {
        return new NodeService(Path.of("/etc/systemd/system"), Path.of("/usr/local/lib/agentcontainers"));
    }

    /** Whether systemd runs this machine; as sd_booted(3) finds out. */
    static boolean isPossible() {
        return Files.isDirectory(Path.of("/run/systemd/system"));
    }

    /**
     * Copies the program beside the one that the service may run at present, which is not touched. A copy appears whole.
     *
     * @param from where the program is taken from
     * @return the copy
     */
    Programs copyProgram(Programs from) {
        try {
            Path copy = programs.resolve(from.digest(List.of(Role.NODE_AGENT)));
            if (!Files.exists(copy)) {
                Path incomplete = programs.resolve(INCOMPLETE);
                FileTrees.delete(incomplete);
                from.copy(Role.NODE_AGENT, incomplete);
                Files.move(incomplete, copy);
            }
            return new Programs(copy, from.java());
        } catch (IOException e) {
            throw new UncheckedIOException("the node agent can't be copied to " + programs, e);
        }
    }

    /**
     * Installs the unit, and starts it or starts it anew; agents go on meanwhile. Whenever this is interrupted, the unit is
     * the old or the new one, and the program of either is there.
     *
     * @param copy what {@link #copyProgram} made
     */
    void install(NodeInstallation installation, Programs copy) {
        writeUnit(NodeUnit.text(installation.command(copy)));
        ExternalCommand.of("systemctl", "daemon-reload").run();
        ExternalCommand.of("systemctl", "enable", NodeUnit.NAME).run();
        ExternalCommand.of("systemctl", "restart", NodeUnit.NAME).run();
        removeOthersThan(copy);
    }

    /** Replaces the unit at once. */
    void writeUnit(String text) {
        Path beside = units.resolve("." + NodeUnit.NAME + ".new");
        try (FileChannel channel = FileChannel.open(
                beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
            Files.move(beside, unit(), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("the unit " + unit() + " can't be written", e);
        }
    }

    /** Nothing may run from these any more: a JVM whose files go while it runs crashes. */
    void removeOthersThan(Programs copy) {
        try (Stream<Path> copies = Files.list(programs)) {
            copies.filter(other -> !other.equals(copy.root())).forEach(FileTrees::delete);
        } catch (IOException e) {
            throw new UncheckedIOException("earlier programs in " + programs + " can't be removed", e);
        }
    }

    /** Whether the installed service is that of this installation. */
    boolean runs(NodeInstallation installation) {
        try {
            String text = Files.exists(unit()) ? Files.readString(unit()) : "";
            return text.contains(installation.marker() + " ") || text.contains(installation.marker() + '"');
        } catch (IOException e) {
            throw new UncheckedIOException("the unit " + unit() + " can't be read", e);
        }
    }

    /** Stops and removes it; what was removed, a line for each. */
    List<String> remove() {
        List<String> removed = new ArrayList<>();
        if (Files.exists(unit())) {
            if (isPossible()) {
                ExternalCommand.of("systemctl", "disable", "--now", NodeUnit.NAME)
                        .attempt();
            }
            delete(unit());
            delete(units.resolve("." + NodeUnit.NAME + ".new"));
            FileTrees.delete(units.resolve(NodeUnit.NAME + ".d"));
            if (isPossible()) {
                ExternalCommand.of("systemctl", "daemon-reload").run();
                ExternalCommand.of("systemctl", "reset-failed", NodeUnit.NAME).attempt();
            }
            removed.add("service " + NodeUnit.NAME);
        }
        if (Files.exists(programs)) {
            FileTrees.delete(programs);
            removed.add("files in " + programs);
        }
        return removed;
    }

    private Path unit() {
        return units.resolve(NodeUnit.NAME);
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (DirectoryNotEmptyException e) {
            throw new UncheckedIOException(file + " is a folder, and not empty: remove it by hand", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be deleted", e);
        }
    }
}
