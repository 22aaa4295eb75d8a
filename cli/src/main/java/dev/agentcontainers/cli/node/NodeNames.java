package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What a machine calls itself. */
final class NodeNames {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private NodeNames() {}

    /** The kernel's host name, in lower case. */
    static String hostName() {
        try {
            return Files.readString(HOST_NAME).strip().toLowerCase(Locale.ROOT);
        } catch (IOException e) {
            throw new UserException("this machine's host name can't be read: give --name", 2);
        }
    }
}
