package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Hierarchy;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OwnGroupsTest {
    private static final OwnGroups OWN = new OwnGroups(List.of(
            "9:name=systemd:/",
            "8:pids:/",
            "4:memory:/system.slice/node-agent.service",
            "2:cpu,cpuacct:/",
            "0::/system.slice/node-agent.service"));

    @Test
    void aHierarchyWhoseRootGroupItIsIn() {
        assertThat(OWN.areRootOf(version1("pids"))).isTrue();
        assertThat(OWN.areRootOf(version1("cpu", "cpuacct"))).isTrue();
    }

    @Test
    void aHierarchyInWhichItHasAGroupOfItsOwn() {
        assertThat(OWN.areRootOf(version1("memory"))).isFalse();
        assertThat(OWN.areRootOf(new Hierarchy(Path.of("/sys/fs/cgroup/unified"), true, Set.of())))
                .isFalse();
    }

    @Test
    void theVersion2Hierarchy() {
        assertThat(new OwnGroups(List.of("0::/")).areRootOf(new Hierarchy(Path.of("/sys/fs/cgroup"), true, Set.of())))
                .isTrue();
    }

    @Test
    void whatCannotBeToldIsNotTakenForTheRoot() {
        assertThat(OWN.areRootOf(version1("freezer"))).isFalse();
        // A named hierarchy, systemd's for example: its name is not known here.
        assertThat(OWN.areRootOf(version1())).isFalse();
    }

    private static Hierarchy version1(String... controllers) {
        return new Hierarchy(Path.of("/sys/fs/cgroup/any"), false, Set.of(controllers));
    }
}
