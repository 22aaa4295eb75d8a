package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/**
 * An image of one layer with one program, which ends at once: a trial run by it needs nothing of the host's files.
 */
final class TrialImage {
    /** Its path in the image. */
    static final String PROGRAM = "/end";

    private static final Set<PosixFilePermission> EXECUTABLE_BY_ALL = PosixFilePermissions.fromString("rwxr-xr-x");

    private TrialImage() {}

    /**
     * The directory of its layer, made in {@code folder} where it is not there, and made anew where something else is: a power
     * loss may leave an empty file, and another version of this may have another program.
     *
     * @param owner id that stands for the image's root
     */
    static Path layerIn(Path folder, long owner) throws IOException {
        PrivateFiles.makeDirectory(folder);
        Path layer = folder.resolve("layer");
        Files.createDirectories(layer);
        Files.setPosixFilePermissions(layer, EXECUTABLE_BY_ALL);
        Files.setAttribute(layer, "unix:uid", (int) owner);
        Files.setAttribute(layer, "unix:gid", (int) owner);
        Path program = layer.resolve(PROGRAM.substring(1));
        byte[] content = new CallProgram(Machine.current()).ending();
        if (!isThere(program, content)) {
            Path draft = folder.resolve("draft");
            Files.deleteIfExists(draft);
            Files.write(draft, content);
            Files.setPosixFilePermissions(draft, EXECUTABLE_BY_ALL);
            Files.move(draft, program, StandardCopyOption.ATOMIC_MOVE);
        }
        return layer;
    }

    private static boolean isThere(Path program, byte[] content) throws IOException {
        return Files.isRegularFile(program, LinkOption.NOFOLLOW_LINKS)
                && Files.size(program) == content.length
                && Arrays.equals(Files.readAllBytes(program), content)
                && Files.getPosixFilePermissions(program).equals(EXECUTABLE_BY_ALL);
    }
}
