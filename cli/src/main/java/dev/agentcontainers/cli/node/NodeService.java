package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.startcache.Program.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The node agent as a service of systemd.
 *
 * @param units where units of the administrator are
 * @param programs where the program is installed
 */
record NodeService(Path units, Path programs) {
    static NodeService ofThisMachine() {
        return new NodeService(Path.of("/etc/systemd/system"), Path.of("/usr/local/lib/agentcontainers"));
    }

    /** Whether systemd runs this machine; as sd_booted(3) finds out. */
    static boolean isPossible() {
        return Files.isDirectory(Path.of("/run/systemd/system"));
    }

    /**
     * Installs the program and the unit, and starts it or starts it anew; agents go on meanwhile.
     *
     * @param from where the program is taken from
     */
    void install(NodeInstallation installation, Programs from) {
        if (Files.exists(unit())) {
            // A JVM whose files are replaced while it runs crashes.
            ExternalCommand.of("systemctl", "stop", NodeUnit.NAME).run();
        }
        copyProgram(from);
        try {
            Files.writeString(unit(), text(installation, from.java()));
        } catch (IOException e) {
            throw new UncheckedIOException("the unit " + unit() + " can't be written", e);
        }
        ExternalCommand.of("systemctl", "daemon-reload").run();
        ExternalCommand.of("systemctl", "enable", "--now", NodeUnit.NAME).run();
    }

    /** The unit's text for the installed program. */
    String text(NodeInstallation installation, Path java) {
        return NodeUnit.text(installation.command(new Programs(programs, java)));
    }

    /** Copies the program to where the unit looks for it. */
    void copyProgram(Programs from) {
        FileTrees.delete(programs);
        try {
            from.copy(Role.NODE_AGENT, programs);
        } catch (IOException e) {
            throw new UncheckedIOException("the node agent can't be copied to " + programs, e);
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
