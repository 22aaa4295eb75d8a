package dev.agentcontainers.nodeagent.linux.names;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * As whom the proxy runs: a user of its own where the machine has one of that name, else ids that nobody has.
 *
 * @param userId not of any agent's range, nor of those that systemd gives out
 */
public record ProxyUser(long userId, long groupId) {
    static final String NAME = "agentcontainers-proxy";

    /** Directly below the usual first id of agents. */
    static final ProxyUser NOBODYS = new ProxyUser(199_999_999, 199_999_999);

    /** Source: passwd(5). */
    public static ProxyUser of(Path passwd) throws IOException {
        return Files.readAllLines(passwd).stream()
                .map(line -> List.of(line.split(":", -1)))
                .filter(fields -> fields.size() == 7 && fields.getFirst().equals(NAME))
                .map(fields -> new ProxyUser(Long.parseLong(fields.get(2)), Long.parseLong(fields.get(3))))
                .filter(user -> user.userId() != 0 && user.groupId() != 0)
                .findFirst()
                .orElse(NOBODYS);
    }
}
