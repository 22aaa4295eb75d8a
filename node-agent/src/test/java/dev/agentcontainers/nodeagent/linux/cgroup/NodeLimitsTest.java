package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Hierarchy;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against directories that look like hierarchies of control groups, of either version. */
class NodeLimitsTest {
    private static final String PARENT = "/agentcontainers-n";
    private static final ResourceAmounts LIMITS = new ResourceAmounts(
            OptionalLong.of(1500), OptionalLong.of(1 << 30), OptionalLong.empty(), OptionalLong.of(100));
    private static final ResourceAmounts REQUESTS = new ResourceAmounts(
            OptionalLong.of(500), OptionalLong.of(1 << 20), OptionalLong.empty(), OptionalLong.empty());

    @TempDir
    private Path root;

    private SandboxCgroups version2() throws IOException {
        for (Path group : List.of(root, root.resolve("agentcontainers-n"), root.resolve("agentcontainers-n/one"))) {
            Files.createDirectories(group);
            files(
                    group,
                    List.of(
                            "cgroup.subtree_control",
                            "memory.max",
                            "cpu.max",
                            "cpu.weight",
                            "pids.max",
                            "cgroup.procs"));
            Files.writeString(group.resolve("cgroup.controllers"), "cpuset cpu io memory pids");
            Files.writeString(group.resolve("memory.events"), "low 0\nmax 9\noom 2\noom_kill 3\noom_group_kill 0\n");
        }
        return cgroups(new Hierarchies(Mode.VERSION_2, List.of(new Hierarchy(root, true, Set.of()))));
    }

    private SandboxCgroups version1() throws IOException {
        for (Path group : List.of(root, root.resolve("agentcontainers-n"), root.resolve("agentcontainers-n/one"))) {
            Files.createDirectories(group);
            files(
                    group,
                    List.of(
                            "memory.limit_in_bytes",
                            "memory.memsw.limit_in_bytes",
                            "cpu.cfs_quota_us",
                            "cpu.shares",
                            "pids.max"));
            Files.writeString(group.resolve("cpu.cfs_quota_us"), "-1\n");
        }
        return cgroups(
                new Hierarchies(Mode.VERSION_1, List.of(new Hierarchy(root, false, Set.of("cpu", "memory", "pids")))));
    }

    private static void files(Path group, List<String> names) throws IOException {
        for (String name : names) {
            Files.writeString(group.resolve(name), "");
        }
    }

    private static SandboxCgroups cgroups(Hierarchies hierarchies) {
        return new SandboxCgroups(hierarchies, PARENT, ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine());
    }

    private String parent(String file) throws IOException {
        return Files.readString(root.resolve("agentcontainers-n").resolve(file));
    }

    private String sandbox(String file) throws IOException {
        return Files.readString(root.resolve("agentcontainers-n/one").resolve(file));
    }

    @Test
    void version2LimitsAllTogether() throws Exception {
        SandboxCgroups cgroups = version2();
        new LiveLimits(cgroups).applyToAll(LIMITS);
        assertThat(parent("memory.max")).isEqualTo("1073741824");
        assertThat(parent("cpu.max")).isEqualTo("150000 100000");
        assertThat(parent("pids.max")).isEqualTo("100");
        assertThat(Files.readString(root.resolve("cgroup.subtree_control"))).isEqualTo("+memory +pids +cpu +io");
        assertThat(parent("cgroup.subtree_control")).isEqualTo("+memory +pids +cpu +io");
        assertThat(cgroups.mostQuota()).isEmpty();
    }

    @Test
    void version2ChangesOneSandbox() throws Exception {
        new LiveLimits(version2()).apply("one", LIMITS, REQUESTS);
        assertThat(sandbox("memory.max")).isEqualTo("1073741824");
        assertThat(sandbox("cpu.max")).isEqualTo("150000 100000");
        assertThat(sandbox("cpu.weight")).isEqualTo("20");
        assertThat(sandbox("pids.max")).isEqualTo("100");
        new LiveLimits(version2()).apply("one", ResourceAmounts.NONE, ResourceAmounts.NONE);
        assertThat(sandbox("memory.max")).isEqualTo("max");
        assertThat(sandbox("cpu.max")).isEqualTo("max 100000");
        assertThat(sandbox("cpu.weight")).isEqualTo("1");
        assertThat(sandbox("pids.max")).isEqualTo("max");
    }

    @Test
    void version2KnowsItsSandboxesAndTheirEnd() throws Exception {
        SandboxCgroups cgroups = version2();
        assertThat(cgroups.sandboxes()).containsExactly("one");
        assertThat(cgroups.exists("one")).isTrue();
        assertThat(cgroups.exists("two")).isFalse();
        assertThat(cgroups.outOfMemoryKills("one")).isEqualTo(3);
        assertThat(cgroups.outOfMemoryKills("two")).isZero();
    }

    @Test
    void version2GivesAShimAGroupOfItsOwnOutsideItsSandbox() throws Exception {
        SandboxCgroups cgroups = version2();
        assertThat(cgroups.prepareShim("two"))
                .containsExactly(root.resolve("agentcontainers-n/_shims/two/cgroup.procs"));
        assertThat(root.resolve("agentcontainers-n/_shims/two")).isDirectory();
        assertThat(cgroups.sandboxes()).containsExactly("one", "two");
        assertThat(cgroups.pathFor("two")).isEqualTo("/agentcontainers-n/two");
    }

    @Test
    void version1LimitsAllTogetherAndNoSandboxHasMoreProcessorTimeThanThat() throws Exception {
        SandboxCgroups cgroups = version1();
        new LiveLimits(cgroups).applyToAll(LIMITS);
        assertThat(parent("memory.limit_in_bytes")).isEqualTo("1073741824");
        assertThat(parent("memory.memsw.limit_in_bytes")).isEqualTo("1073741824");
        assertThat(parent("cpu.cfs_quota_us")).isEqualTo("150000");
        assertThat(parent("pids.max")).isEqualTo("100");
        assertThat(cgroups.mostQuota()).hasValue(150_000);
        ResourceAmounts more = new ResourceAmounts(
                OptionalLong.of(4000), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
        new LiveLimits(cgroups).apply("one", more, REQUESTS);
        assertThat(sandbox("cpu.cfs_quota_us")).isEqualTo("150000");
        assertThat(sandbox("cpu.shares")).isEqualTo("512");
        assertThat(sandbox("memory.limit_in_bytes")).isEqualTo("-1");
    }

    /** The kernel refuses a group less than one below it has. */
    @Test
    void version1LowersWhoHasMoreThanAllTogetherGet() throws Exception {
        SandboxCgroups cgroups = version1();
        for (String sandbox : List.of("less", "unlimited", "begun")) {
            Files.createDirectories(root.resolve("agentcontainers-n").resolve(sandbox));
        }
        Path quota = Path.of("cpu.cfs_quota_us");
        Files.writeString(root.resolve("agentcontainers-n/one").resolve(quota), "150001\n");
        Files.writeString(root.resolve("agentcontainers-n/less").resolve(quota), "20000\n");
        Files.writeString(root.resolve("agentcontainers-n/unlimited").resolve(quota), "-1\n");
        new LiveLimits(cgroups).applyToAll(LIMITS);
        assertThat(parent("cpu.cfs_quota_us")).isEqualTo("150000");
        assertThat(sandbox("cpu.cfs_quota_us")).isEqualTo("150000");
        assertThat(parent("less/cpu.cfs_quota_us")).isEqualTo("20000\n");
        assertThat(parent("unlimited/cpu.cfs_quota_us")).isEqualTo("-1\n");
    }

    @Test
    void aMachineWithoutControlGroupsIsToldAsAFailureAndNotAsABug() {
        SandboxCgroups none = cgroups(Hierarchies.of(new MountTable(List.of())));
        assertThatThrownBy(none::sandboxes)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("neither a version 2 hierarchy of control groups nor the pids controller");
        assertThatThrownBy(() -> none.exists("one")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> new LiveLimits(none).applyToAll(LIMITS))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no hierarchy has the controller");
    }
}
