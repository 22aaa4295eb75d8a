package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class HierarchiesTest {
    private static final String UNIFIED = "31 24 0:25 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate";
    private static final String CPU =
            "33 32 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct";
    private static final String MEMORY = "34 32 0:29 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory";
    private static final String SYSTEMD = "35 32 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd";
    private static final String BESIDE = "36 32 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
    private static final String ELSEWHERE = "37 32 0:31 / /run/x/cgroup rw - cgroup2 cgroup2 rw";

    private static Hierarchies of(String... lines) {
        return Hierarchies.of(MountTable.parse(List.of(lines)));
    }

    @Test
    void version2Alone() {
        Hierarchies found = of(UNIFIED, ELSEWHERE);
        assertThat(found.mode()).isEqualTo(Mode.VERSION_2);
        assertThat(found.all()).hasSize(1);
        assertThat(found.of("memory").orElseThrow().mountPoint()).isEqualTo(Path.of("/sys/fs/cgroup"));
    }

    @Test
    void hybridLimitsByVersion1() {
        Hierarchies found = of(CPU, MEMORY, SYSTEMD, BESIDE);
        assertThat(found.mode()).isEqualTo(Mode.HYBRID);
        assertThat(found.of("cpu").orElseThrow().mountPoint()).isEqualTo(Path.of("/sys/fs/cgroup/cpu,cpuacct"));
        assertThat(found.of("pids")).isEmpty();
        assertThat(found.unified().orElseThrow().mountPoint()).isEqualTo(Path.of("/sys/fs/cgroup/unified"));
        assertThat(found.all()).hasSize(4);
    }

    @Test
    void version1Alone() {
        assertThat(of(CPU, MEMORY).mode()).isEqualTo(Mode.VERSION_1);
    }
}
