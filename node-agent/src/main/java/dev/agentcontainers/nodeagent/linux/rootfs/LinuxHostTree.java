package dev.agentcontainers.nodeagent.linux.rootfs;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The real one. */
public final class LinuxHostTree implements HostTree {
    @Override
    public Optional<Entry> look(String name) {
        Path path = Path.of(name);
        try {
            PosixFileAttributes attributes =
                    Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isSymbolicLink()) {
                return Optional.of(
                        new Entry(Kind.LINK, true, Files.readSymbolicLink(path).toString()));
            }
            boolean read = attributes.permissions().contains(PosixFilePermission.OTHERS_READ);
            if (attributes.isDirectory()) {
                boolean enter = attributes.permissions().contains(PosixFilePermission.OTHERS_EXECUTE);
                return Optional.of(new Entry(Kind.DIRECTORY, read && enter, ""));
            }
            boolean execute = attributes.permissions().contains(PosixFilePermission.OTHERS_EXECUTE);
            return Optional.of(new Entry(attributes.isRegularFile() ? Kind.FILE : Kind.OTHER, read || execute, ""));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public List<String> children(String path) {
        String[] names = new File(path).list();
        if (names == null) {
            return List.of();
        }
        Arrays.sort(names);
        return List.of(names);
    }

    /** By the time of change, which nobody can set. */
    @Override
    public Optional<Instant> changedAt(String path) {
        try {
            Path directory = Path.of(path);
            return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                    ? Optional.of(((FileTime) Files.getAttribute(directory, "unix:ctime", LinkOption.NOFOLLOW_LINKS))
                            .toInstant())
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
