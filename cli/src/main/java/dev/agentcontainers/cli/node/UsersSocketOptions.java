package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.terminal.UserException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options for the socket of users without root. */
final class UsersSocketOptions {
    private static final String NONE = "none";
    private static final String DEFAULT_PATH = "/run/agentcontainers/node.sock";

    @Option(
            names = "--local-socket",
            paramLabel = "PATH",
            arity = "0..1",
            fallbackValue = DEFAULT_PATH,
            description = "Let users without root run agents here (agentctl run) by a socket at PATH; without PATH at "
                    + DEFAULT_PATH
                    + ", where agentctl run looks for it. 'none' takes it away. Default: as it was at the"
                    + " last joining, at first none.")
    private @Nullable String path;

    @Option(
            names = "--local-group",
            paramLabel = "GROUP",
            description = "Group whose members may use the socket. Default: as it was, at first "
                    + UsersSocket.DEFAULT_GROUP + ".")
    private @Nullable String group;

    @Option(
            names = "--local-share",
            paramLabel = "PERCENT",
            description = "Percent of this machine that their runs may have together, 1 to 99; the fleet's agents"
                    + " get the rest at most. Default: as it was, at first " + UsersSocket.DEFAULT_SHARE + ".")
    private @Nullable Integer share;

    /**
     * What they ask for.
     *
     * @param before the socket that there is
     * @throws UserException where they are wrong
     */
    Optional<UsersSocket> apply(Optional<UsersSocket> before) {
        if (NONE.equals(path) || (path == null && before.isEmpty())) {
            if (group != null || share != null) {
                throw new UserException(
                        (group != null ? "--local-group" : "--local-share")
                                + " is given, but no socket: add --local-socket",
                        2);
            }
            return Optional.empty();
        }
        return Optional.of(new UsersSocket(
                path == null ? before.orElseThrow().path() : Path.of(path),
                group != null ? group : before.map(UsersSocket::group).orElse(UsersSocket.DEFAULT_GROUP),
                share != null ? share : before.map(UsersSocket::sharePercent).orElse(UsersSocket.DEFAULT_SHARE)));
    }
}
