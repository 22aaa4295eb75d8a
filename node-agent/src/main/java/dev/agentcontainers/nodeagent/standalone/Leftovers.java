package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.platform.NodeRemoval;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Everything that a run has on the machine, found there and not remembered. Only for who has claimed the place. */
record Leftovers(Platform platform, NodeSettings settings) {
    /** A run makes its folder first and removes it last. */
    boolean isEmpty() {
        return !Files.exists(settings.stateDirectory()) && !Files.exists(settings.runDirectory());
    }

    /** Kills what runs and removes it. */
    void remove() throws SandboxException, IOException {
        if (isEmpty()) {
            return;
        }
        new NodeRemoval(platform, settings).remove();
        delete(settings.runDirectory());
        delete(settings.stateDirectory());
    }

    private static void delete(Path folder) throws IOException {
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                        throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException e) {
            // There was none.
        }
    }
}
