package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable.Place;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MountTableTest {
    private static final MountTable TABLE = MountTable.parse(List.of(
            "21 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "30 21 8:2 / /mnt/disk rw - ext4 /dev/sdb rw",
            "31 21 8:2 /agents /var/lib/agents rw shared:4 - ext4 /dev/sdb rw",
            "32 21 0:40 / /mnt/with\\040space rw - tmpfs none rw",
            "33 30 0:41 / /mnt/disk rw - proc none rw"));

    @Test
    void aDirectoryIsTheSameWhereverItIsSeen() {
        Place agents = TABLE.place(Path.of("/var/lib/agents/state"));
        assertThat(agents).isEqualTo(new Place("8:2", Path.of("/agents/state"), "ext4"));
        assertThat(agents.overlaps(new Place("8:2", Path.of("/agents"), "ext4")))
                .isTrue();
        assertThat(agents.overlaps(new Place("8:2", Path.of("/agents/state/a"), "ext4")))
                .isTrue();
        assertThat(agents.overlaps(new Place("8:2", Path.of("/agents/other"), "ext4")))
                .isFalse();
        assertThat(agents.overlaps(new Place("8:1", Path.of("/agents/state"), "ext4")))
                .isFalse();
    }

    @Test
    void whatIsMountedLastIsSeen() {
        assertThat(TABLE.place(Path.of("/mnt/disk/1"))).isEqualTo(new Place("0:41", Path.of("/1"), "proc"));
        assertThat(TABLE.place(Path.of("/mnt/with space"))).isEqualTo(new Place("0:40", Path.of("/"), "tmpfs"));
        assertThat(TABLE.place(Path.of("/mnt/diskette"))).isEqualTo(new Place("8:1", Path.of("/mnt/diskette"), "ext4"));
    }
}
