package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.process.LoopbackPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The loopback port of the fleet's gateway: a free one at the fleet's first start, so that two fleets don't clash, and the
 * same ever after, since the nodes remember it.
 *
 * @param file where it is kept
 */
record GatewayPort(Path file) {
    /** The port, chosen now where it was not before. */
    int choose() {
        if (Files.exists(file)) {
            return read();
        }
        int port = LoopbackPorts.free(1)[0];
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, Integer.toString(port));
            return port;
        } catch (IOException e) {
            throw new UncheckedIOException("the gateway's port can't be kept in " + file, e);
        }
    }

    /** @throws UserException where another process has it */
    int requireFree() {
        int port = choose();
        if (!LoopbackPorts.isFree(port)) {
            throw new UserException(
                    "127.0.0.1:%d is in use by %s. This fleet's gateway has had it since its first start"
                                    .formatted(port, LoopbackPorts.holder(port))
                            + " and its nodes know no other: stop that process, or begin anew with agentctl down");
        }
        return port;
    }

    URI url() {
        return URI.create("https://127.0.0.1:" + choose());
    }

    private int read() {
        try {
            return Integer.parseInt(Files.readString(file).strip());
        } catch (IOException | NumberFormatException e) {
            throw new UserException(
                    file + " does not hold the gateway's port (" + e.getMessage() + "): begin anew with agentctl down");
        }
    }
}
