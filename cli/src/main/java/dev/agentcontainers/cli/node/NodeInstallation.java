package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * A node agent of this machine outside Kubernetes: what it is called and where it keeps its things. Kept in a file of its
 * state directory, so that its removal needs not be told.
 *
 * @param firstUserId first of the host's user ids that its agents are mapped to
 * @param usersSocket the socket for users without root; empty for none
 */
record NodeInstallation(
        String name, Path stateDirectory, Path runDirectory, long firstUserId, Optional<UsersSocket> usersSocket) {
    static final String DEFAULT_STATE = "/var/lib/agentcontainers";
    static final String DEFAULT_RUN = "/run/agentcontainers";
    static final String DEFAULT_FIRST_USER_ID = "200000000";

    private static final long USER_IDS = 655_360_000L;
    private static final long LOG_LIMIT = 64L << 20;
    private static final String FILE = "installation.properties";
    private static final String NAME = "name";
    private static final String RUN = "run-directory";
    private static final String FIRST_USER_ID = "first-user-id";

    NodeInstallation {
        stateDirectory = stateDirectory.toAbsolutePath().normalize();
        runDirectory = runDirectory.toAbsolutePath().normalize();
    }

    /** The one of that state directory; empty where agentctl has installed none there. */
    static Optional<NodeInstallation> load(Path stateDirectory) {
        Path file = stateDirectory.toAbsolutePath().normalize().resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
            return Optional.of(new NodeInstallation(
                    properties.getProperty(NAME, ""),
                    stateDirectory,
                    Path.of(properties.getProperty(RUN, DEFAULT_RUN)),
                    Long.parseLong(properties.getProperty(FIRST_USER_ID, DEFAULT_FIRST_USER_ID)),
                    UsersSocket.readFrom(properties)));
        } catch (IOException | IllegalArgumentException e) {
            throw new UserException(file + " can't be read (" + e.getMessage()
                    + "): remove it and give --name and --run-directory as they were at joining");
        }
    }

    void save() {
        Properties properties = new Properties();
        properties.setProperty(NAME, name);
        properties.setProperty(RUN, runDirectory.toString());
        usersSocket.ifPresent(socket -> socket.writeTo(properties));
        properties.setProperty(FIRST_USER_ID, Long.toString(firstUserId));
        try {
            Files.createDirectories(
                    stateDirectory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Path beside = stateDirectory.resolve(FILE + ".new");
            try (Writer writer = Files.newBufferedWriter(beside)) {
                properties.store(writer, "Written by agentctl node join, read by agentctl node reset");
            }
            Files.move(beside, stateDirectory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(stateDirectory.resolve(FILE) + " can't be written", e);
        }
    }

    /** Where its identity is kept. */
    Path identity() {
        return stateDirectory.resolve("identity");
    }

    NodeSettings settings() {
        return new NodeSettings(name, stateDirectory, runDirectory, firstUserId, USER_IDS, LOG_LIMIT);
    }

    /** The command that runs it. */
    List<String> command(Programs programs) {
        List<String> command = new ArrayList<>(programs.nodeAgent());
        command.addAll(
                1,
                List.of(
                        "-Dagentcontainers.node.name=" + name,
                        marker(),
                        "-Dagentcontainers.node.run-directory=" + runDirectory,
                        "-Dagentcontainers.node.first-user-id=" + firstUserId));
        usersSocket.ifPresent(socket -> command.addAll(1, socket.arguments()));
        return List.copyOf(command);
    }

    /** The argument by which its process is found. */
    String marker() {
        return "-Dagentcontainers.node.state-directory=" + stateDirectory;
    }
}
