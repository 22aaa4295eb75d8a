package dev.agentcontainers.nodeagent.linux.storage;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files and directories that only root may look at, whatever the umask and from their first moment on. */
public final class PrivateFiles {
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwx------");
    private static final FileAttribute<Set<PosixFilePermission>> FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private PrivateFiles() {}

    /**
     * Makes a directory and those that are missing above it. One that exists is closed to others, so it must be this
     * program's own.
     */
    public static void makeDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(DIRECTORY));
        }
        if (!Files.getPosixFilePermissions(directory).equals(DIRECTORY)) {
            Files.setPosixFilePermissions(directory, DIRECTORY);
        }
    }

    /** Makes an empty file; what had that name before is gone. */
    static void createFile(Path file) throws IOException {
        Files.deleteIfExists(file);
        try {
            Files.createFile(file, FILE);
        } catch (FileAlreadyExistsException e) {
            throw new IOException(file + " is made by somebody else at the same time", e);
        }
    }
}
