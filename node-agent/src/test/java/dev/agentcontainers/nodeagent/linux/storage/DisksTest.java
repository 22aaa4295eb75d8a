package dev.agentcontainers.nodeagent.linux.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.storage.Disks.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisksTest {
    private static final MountTable MOUNTS = MountTable.parse(List.of(
            "22 1 8:2 / / rw - ext4 /dev/sda2 rw",
            "23 22 259:0 / /var/lib/agents rw - xfs /dev/nvme0n1 rw",
            "24 22 0:40 / /run rw - tmpfs tmpfs rw",
            "25 22 0:41 / /shared rw - nfs4 server:/shared rw",
            "26 22 0:42 / /pool rw - btrfs /dev/sdb rw",
            "27 22 8:16 / /stick rw - fuseblk /dev/sdb rw",
            "28 22 8:32 / /old rw - vfat /dev/sdc rw"));

    @TempDir
    private Path kernel;

    /** As in sysfs(5): links named by numbers, to folders that hold those of their partitions. */
    @BeforeEach
    void makeDevices() throws IOException {
        Path disk = Files.createDirectories(kernel.resolve("devices/sda"));
        Files.writeString(disk.resolve("dev"), "8:0\n");
        Path partition = Files.createDirectory(disk.resolve("sda2"));
        Files.writeString(partition.resolve("dev"), "8:2\n");
        Files.writeString(partition.resolve("partition"), "2\n");
        Path other = Files.createDirectories(kernel.resolve("devices/nvme0n1"));
        Files.writeString(other.resolve("dev"), "259:0\n");
        Files.createDirectory(kernel.resolve("block"));
        Files.createSymbolicLink(kernel.resolve("block/8:2"), partition);
        Files.createSymbolicLink(kernel.resolve("block/259:0"), other);
    }

    private Iterable<Disk> under(String... paths) throws IOException {
        return new Disks(MOUNTS, kernel.resolve("block"))
                .under(Stream.of(paths).map(Path::of).toList());
    }

    @Test
    void aPartitionsDiskIsTheWholeOne() throws IOException {
        assertThat(under("/usr")).containsExactly(new Disk(8, 0));
    }

    @Test
    void eachDiskIsToldOnceAndMemoryIsNone() throws IOException {
        assertThat(under("/var/lib/agents/state", "/var/lib/agents", "/usr", "/run/agents"))
                .containsExactly(new Disk(8, 0), new Disk(259, 0));
        assertThat(under("/run/agents")).isEmpty();
    }

    @Test
    void whatLiesOnNoDiskThatIsKnownIsSaid() {
        assertThatThrownBy(() -> under("/shared/x"))
                .isInstanceOf(IOException.class)
                .hasMessage("/shared/x lies on a filesystem nfs4, of which no disk is known");
        assertThatThrownBy(() -> under("/pool")).hasMessageContaining("btrfs");
        assertThatThrownBy(() -> under("/stick")).hasMessageContaining("fuseblk");
    }

    @Test
    void whoWritesIsKnownOfSomeFilesystemsOnly() throws IOException {
        Disks disks = new Disks(MOUNTS, kernel.resolve("block"));
        for (String known : List.of("/usr", "/var/lib/agents", "/run/x")) {
            disks.requireWriters(Path.of(known));
        }
        assertThatThrownBy(() -> disks.requireWriters(Path.of("/old/x")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("/old/x lies on a filesystem vfat");
    }
}
