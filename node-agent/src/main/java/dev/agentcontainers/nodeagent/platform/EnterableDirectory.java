package dev.agentcontainers.nodeagent.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Directories that others than root may pass through, whatever the umask was when they were made: to a sandbox's root the
 * runtime goes with the agent's ids, and to a socket its users go. What is in them is not shown to anybody.
 */
public final class EnterableDirectory {
    private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rwx--x--x");
    private static final String OURS = "agentcontainers";

    private EnterableDirectory() {}

    /**
     * Makes a directory of this project's own, that everybody may pass through, and what is missing above it. Directories
     * on the way that are this project's own (below one called agentcontainers) are opened where an earlier umask closed
     * them; others are left alone.
     *
     * @throws IOException naming the directory on the way that can't be entered by everybody
     */
    public static void make(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath();
        makeWay(Objects.requireNonNullElse(absolute.getParent(), absolute), Optional.empty());
        if (!Files.isDirectory(absolute)) {
            Files.createDirectories(absolute, PosixFilePermissions.asFileAttribute(MODE));
        }
        Files.setPosixFilePermissions(absolute, MODE);
    }

    /**
     * Makes what is missing of a directory that members of a group must get to, as {@link #make} does; one that exists and
     * is somebody else's is left alone.
     *
     * @throws IOException naming the directory on the way that the group can't enter
     */
    public static void makeFor(GroupPrincipal group, Path directory) throws IOException {
        makeWay(directory.toAbsolutePath(), Optional.of(group));
    }

    private static void makeWay(Path absolute, Optional<GroupPrincipal> group) throws IOException {
        Path path = absolute.getRoot();
        boolean ours = false;
        for (Path name : absolute) {
            path = path.resolve(name);
            ours |= name.toString().startsWith(OURS);
            if (!Files.isDirectory(path)) {
                Files.createDirectories(path, PosixFilePermissions.asFileAttribute(MODE));
                Files.setPosixFilePermissions(path, MODE);
            } else if (!isEnterable(path, group)) {
                open(path, ours, absolute, group);
            }
        }
    }

    private static void open(Path path, boolean ours, Path wanted, Optional<GroupPrincipal> group) throws IOException {
        if (!ours) {
            throw new IOException(
                    "the directory %s can't be used because %s can't be entered by %s; 'chmod o+x %s' or use another directory"
                            .formatted(
                                    wanted,
                                    path,
                                    group.map(members -> "the group " + members.getName())
                                            .orElse("everybody"),
                                    path));
        }
        Set<PosixFilePermission> more =
                EnumSet.of(PosixFilePermission.GROUP_EXECUTE, PosixFilePermission.OTHERS_EXECUTE);
        more.addAll(Files.getPosixFilePermissions(path));
        Files.setPosixFilePermissions(path, more);
    }

    private static boolean isEnterable(Path path, Optional<GroupPrincipal> group) throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(path, PosixFileAttributes.class);
        // For members of the directory's group the group's bits count and the others' do not.
        boolean membersOwnIt = group.isPresent() && attributes.group().equals(group.get());
        return attributes
                .permissions()
                .contains(membersOwnIt ? PosixFilePermission.GROUP_EXECUTE : PosixFilePermission.OTHERS_EXECUTE);
    }
}
