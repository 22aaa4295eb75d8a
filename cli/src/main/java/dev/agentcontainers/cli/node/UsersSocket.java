package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.standalone.service.ServiceSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * The socket by which a node agent lets users without root run agents of their own.
 *
 * @param path where it listens, absolute
 * @param group whose members may connect
 * @param sharePercent of the machine that is theirs together, 1 to 99
 */
record UsersSocket(Path path, String group, int sharePercent) {
    static final String DEFAULT_GROUP = ServiceSettings.GROUP;
    static final int DEFAULT_SHARE = 20;

    private static final String PATH = "local-socket";
    private static final String GROUP = "local-group";
    private static final String SHARE = "local-share";

    /** What a socket's address has place for, sun_path in unix(7) less the end. The node agent binds {@code PATH.new}. */
    private static final int LONGEST_PATH = 107 - ".new".length();

    UsersSocket {
        path = path.toAbsolutePath().normalize();
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
            throw new UserException(
                    "--local-socket is " + path + ": a socket's path may have " + LONGEST_PATH + " bytes", 2);
        }
        if (sharePercent < 1 || sharePercent > 99) {
            throw new UserException(
                    "--local-share is " + sharePercent + ": it must be 1 to 99, the rest is the fleet's", 2);
        }
    }

    /** As {@link #writeTo} wrote it; empty where nothing was. */
    static Optional<UsersSocket> readFrom(Properties properties) {
        return Optional.ofNullable(properties.getProperty(PATH))
                .map(path -> new UsersSocket(
                        Path.of(path),
                        properties.getProperty(GROUP, DEFAULT_GROUP),
                        Integer.parseInt(properties.getProperty(SHARE, Integer.toString(DEFAULT_SHARE)))));
    }

    void writeTo(Properties properties) {
        properties.setProperty(PATH, path.toString());
        properties.setProperty(GROUP, group);
        properties.setProperty(SHARE, Integer.toString(sharePercent));
    }

    /** Arguments of the node agent. */
    List<String> arguments() {
        return List.of(
                "-Dagentcontainers.node.local-socket=" + path,
                "-Dagentcontainers.node.local-group=" + group,
                "-Dagentcontainers.node.local-share=" + sharePercent);
    }

    /** The node agent would only log that nobody can connect. */
    void requireGroup() {
        try {
            path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(group);
        } catch (UserPrincipalNotFoundException e) {
            throw new UserException("there is no group " + group + ", whose members may use " + path
                    + ": make it with groupadd --system " + group + " (or name another with --local-group)");
        } catch (IOException e) {
            throw new UncheckedIOException("the groups of this machine can't be read", e);
        }
    }
}
