package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostRootTest {
    @TempDir
    private Path host;

    /** What is mounted below a shown path is shown too, and lies elsewhere. */
    @Test
    void itsPlacesAreThoseThatAreThereAndWhatIsMountedBelowThem() throws IOException {
        Path real = host.toRealPath();
        Path usr = Files.createDirectory(real.resolve("usr"));
        Files.createSymbolicLink(real.resolve("lib"), usr);
        MountTable table = MountTable.parse(List.of(
                "22 1 8:2 / / rw - ext4 /dev/sda2 rw",
                "23 22 8:16 / " + usr + "/share rw - ext4 /dev/sdb rw",
                "24 22 0:40 / " + usr + "/net rw - nfs4 server:/x rw"));
        HostRoot root = new HostRoot(
                List.of(
                        usr.toString(),
                        real.resolve("lib").toString(),
                        real.resolve("none").toString()),
                List.of(),
                HostFolders.NONE);

        assertThat(root.places(table)).contains(usr, usr.resolve("share")).doesNotContain(usr.resolve("net"));
        assertThat(root.places(table)).allSatisfy(place -> assertThat(place).startsWithRaw(usr));
    }
}
