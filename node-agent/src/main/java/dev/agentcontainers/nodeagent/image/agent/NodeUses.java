package dev.agentcontainers.nodeagent.image.agent;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a node's agents have of images, for who removes the node: no store is opened, and none is needed. A store may be that
 * of several nodes, and outlives each of them.
 *
 * @param stateDirectory of the node, which knows where its images are
 * @param node its name, without an underscore
 */
public record NodeUses(Path stateDirectory, String node) {
    private static final String DRAFT = ".draft";

    /**
     * Where a node keeps its images that names no other directory.
     *
     * @param stateDirectory the node's
     */
    public static Path usualDirectory(Path stateDirectory) {
        return stateDirectory.resolve("images");
    }

    /** Directories of images that the node has used, a line for each. */
    private Path noted() {
        return stateDirectory.resolve("image-directories");
    }

    /**
     * Notes that the node uses images of a directory from now on, so that its removal finds it. To be called before the first
     * use. Makes the state directory where it is not there.
     */
    public void in(Path images) throws IOException {
        Path absolute = images.toAbsolutePath().normalize();
        Set<Path> known = directories();
        if (known.add(absolute)) {
            Files.createDirectories(
                    stateDirectory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            // A loss of power may take the note away, and with it no more than the room that an image has.
            Path draft = stateDirectory.resolve(noted().getFileName() + DRAFT);
            Files.write(draft, known.stream().map(Path::toString).toList());
            Files.move(draft, noted(), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private Set<Path> directories() throws IOException {
        Set<Path> directories = new LinkedHashSet<>();
        directories.add(usualDirectory(stateDirectory).toAbsolutePath().normalize());
        try {
            Files.readAllLines(noted()).stream()
                    .filter(line -> line.startsWith("/"))
                    .map(Path::of)
                    .forEach(directories::add);
        } catch (NoSuchFileException e) {
            return directories; // It has used no others.
        }
        return directories;
    }

    /**
     * Ends all uses of the node. Only for a node of which no agent is left: layers that nobody uses may be removed. May be
     * repeated.
     *
     * @return what was released, as users are called in a store
     */
    public List<String> release() throws IOException {
        List<String> released = new ArrayList<>();
        for (Path images : directories()) {
            release(images.resolve("uses"), released);
        }
        return released;
    }

    /** Without the store's locks: the use of a node that is gone concerns nobody else. */
    private void release(Path uses, List<String> released) throws IOException {
        try (DirectoryStream<Path> records = Files.newDirectoryStream(uses, this::isOurs)) {
            for (Path each : records) {
                if (Files.deleteIfExists(each)) {
                    released.add(each.getFileName().toString());
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return; // Nobody has used anything there.
        }
    }

    /** Whatever it is of an agent: what a write that broke off left, too. */
    private boolean isOurs(Path use) {
        return use.getFileName().toString().startsWith(node + "_");
    }
}
