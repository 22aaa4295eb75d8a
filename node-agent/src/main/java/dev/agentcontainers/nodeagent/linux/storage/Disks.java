package dev.agentcontainers.nodeagent.linux.storage;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the disks that files lie on, which is where the kernel limits how fast they are read and written.
 *
 * @param mounts what is mounted where
 * @param devices the kernel's block devices by their numbers, {@code /sys/dev/block}
 */
public record Disks(MountTable mounts, Path devices) {
    private static final String UNNAMED = "0:";
    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");

    /** Whose files another process reads and writes. */
    private static final String OF_A_PROCESS = "fuseblk";

    /** Of which the kernel knows who wrote what it writes back later (cgroup writeback); it says so of no others. */
    private static final Set<String> WITH_WRITERS = Set.of("ext2", "ext3", "ext4", "xfs", "f2fs");

    /** A whole disk, by the numbers of its device. */
    public record Disk(int major, int minor) implements Comparable<Disk> {
        static Disk parse(String numbers) {
            String[] parts = numbers.split(":", 2);
            return new Disk(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        }

        @Override
        public int compareTo(Disk other) {
            return major == other.major ? Integer.compare(minor, other.minor) : Integer.compare(major, other.major);
        }
    }

    /** Those that the calling thread sees. */
    public static Disks ofThisThread() throws IOException {
        return new Disks(MountTable.ofThisThread(), Path.of("/sys/dev/block"));
    }

    /**
     * The disks under these paths; what lies in memory has none.
     *
     * @param paths without links
     * @throws IOException where something lies on no disk of its own: on other machines, on several disks, over another filesystem
     */
    public Set<Disk> under(Collection<Path> paths) throws IOException {
        Set<Disk> found = new TreeSet<>();
        for (Path path : paths) {
            under(path).ifPresent(found::add);
        }
        return found;
    }

    /**
     * Requires that it is known who writes what is written there.
     *
     * @param path without links
     * @throws IOException where it is not
     */
    public void requireWriters(Path path) throws IOException {
        String type = mounts.place(path).type();
        if (!IN_MEMORY.contains(type) && !WITH_WRITERS.contains(type)) {
            throw new IOException(path + " lies on a filesystem " + type
                    + ", of which the kernel does not know who wrote what goes through the page cache");
        }
    }

    private Optional<Disk> under(Path path) throws IOException {
        MountTable.Place place = mounts.place(path);
        if (IN_MEMORY.contains(place.type())) {
            return Optional.empty();
        }
        if (place.device().startsWith(UNNAMED) || place.type().equals(OF_A_PROCESS)) {
            throw new IOException(path + " lies on a filesystem " + place.type() + ", of which no disk is known");
        }
        Path device = devices.resolve(place.device());
        // A partition's numbers are not taken: what is limited is the queue of the disk.
        return Optional.of(Disk.parse(
                Files.exists(device.resolve("partition"))
                        ? Files.readString(device.toRealPath().resolveSibling("dev"))
                                .strip()
                        : place.device()));
    }
}
