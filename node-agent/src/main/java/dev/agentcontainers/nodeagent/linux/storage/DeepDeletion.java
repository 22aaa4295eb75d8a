package dev.agentcontainers.nodeagent.linux.storage;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;

/**
 * Deletes directories that agents have written to. Follows no link and, unlike a walk by paths, is not limited by how
 * long a path may be: agents can nest directories deeper than PATH_MAX.
 */
public final class DeepDeletion {
    /** How deep it recurses before it moves what is deeper up to the top. */
    private static final int DEPTH = 100;

    private DeepDeletion() {}

    /** No effect where nothing exists. */
    public static void delete(Path path) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(path);
            return;
        }
        boolean again;
        do {
            again = false;
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
                if (stream instanceof SecureDirectoryStream<Path> top) {
                    again = empty(top, top, 0);
                }
            }
        } while (again);
        Files.deleteIfExists(path);
    }

    /** True where something was moved to the top, which then has to be emptied again. */
    private static boolean empty(SecureDirectoryStream<Path> top, SecureDirectoryStream<Path> directory, int depth)
            throws IOException {
        boolean moved = false;
        try {
            for (Path entry : directory) {
                Path name = entry.getFileName();
                try {
                    directory.deleteFile(name);
                } catch (NoSuchFileException e) {
                    // Gone already.
                } catch (IOException e) {
                    moved |= removeDirectory(top, directory, name, depth);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return moved;
    }

    private static boolean removeDirectory(
            SecureDirectoryStream<Path> top, SecureDirectoryStream<Path> directory, Path name, int depth)
            throws IOException {
        if (depth >= DEPTH) {
            directory.move(name, top, Path.of("moved-up-" + System.nanoTime()));
            return true;
        }
        boolean moved;
        try (SecureDirectoryStream<Path> inner = directory.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
            moved = empty(top, inner, depth + 1);
        }
        directory.deleteDirectory(name);
        return moved;
    }
}
