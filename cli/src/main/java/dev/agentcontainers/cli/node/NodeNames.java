package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** What a machine calls itself. */
final class NodeNames {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private NodeNames() {}

    /** As it joined, by whatever way; empty where it has not. */
    static Optional<String> enrolled(Path stateDirectory) {
        try {
            return new IdentityFiles(stateDirectory.resolve("identity"))
                    .load()
                    .map(identity -> identity.grant().nodeName());
        } catch (IOException e) {
            return Optional.empty(); // damaged: its removal needs it not
        }
    }

    /** The kernel's host name, in lower case. */
    static String hostName() {
        try {
            return Files.readString(HOST_NAME).strip().toLowerCase(Locale.ROOT);
        } catch (IOException e) {
            throw new UserException("this machine's host name can't be read: give --name", 2);
        }
    }
}
