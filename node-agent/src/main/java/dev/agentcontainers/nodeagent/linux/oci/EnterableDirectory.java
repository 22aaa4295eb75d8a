package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * Directories that everybody may pass through: the runtime goes to a sandbox's root with the agent's ids, to which the
 * host's directories are a stranger's. What is in them is not shown to anybody.
 */
final class EnterableDirectory {
    private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rwx--x--x");
    private static final String OURS = "agentcontainers";

    private EnterableDirectory() {}

    /**
     * Makes it and what is missing above it, whatever the umask. Directories on the way that are this project's own (below
     * one called agentcontainers) are opened where an earlier umask closed them; others are left alone.
     *
     * @throws IOException naming the directory on the way that can't be entered by everybody
     */
    static void make(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath();
        Path path = absolute.getRoot();
        boolean ours = false;
        for (Path name : absolute) {
            path = path.resolve(name);
            ours |= name.toString().startsWith(OURS);
            boolean made = !Files.isDirectory(path);
            if (made) {
                Files.createDirectories(path, PosixFilePermissions.asFileAttribute(MODE));
            }
            if (made || path.equals(absolute)) {
                Files.setPosixFilePermissions(path, MODE);
            } else if (!isEnterable(path)) {
                open(path, ours, absolute);
            }
        }
    }

    private static void open(Path path, boolean ours, Path wanted) throws IOException {
        if (!ours) {
            throw new IOException("the run directory " + wanted + " can't be used because " + path
                    + " can't be entered by everybody; 'chmod o+x " + path + "' or use another run directory");
        }
        Set<PosixFilePermission> more = EnumSet.of(PosixFilePermission.OTHERS_EXECUTE);
        more.addAll(Files.getPosixFilePermissions(path));
        Files.setPosixFilePermissions(path, more);
    }

    private static boolean isEnterable(Path path) throws IOException {
        return Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_EXECUTE);
    }
}
