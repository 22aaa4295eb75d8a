package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against files as kernels write them: version 1 as Linux 6.18 has it, version 2 as Linux 6.12 has it. */
class GroupStatsTest {
    private static final GroupStats NOTHING = new GroupStats(
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty());

    @TempDir
    private Path group;

    @BeforeEach
    void write() throws IOException {
        file("memory.stat", """
                cache 9994240
                rss 9142272
                inactive_file 1
                hierarchical_memory_limit 268435456
                total_cache 9994240
                total_inactive_file 135168
                total_active_file 790528
                """);
        file("memory.usage_in_bytes", "62914560\n");
        file("memory.max_usage_in_bytes", "104857600\n");
        file("memory.limit_in_bytes", "268435456\n");
        file("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
        file("cpuacct.usage", "1234567890123\n");
        file("cpu.cfs_quota_us", "50000\n");
        file("cpu.cfs_period_us", "100000\n");
        file("pids.current", "7\n");
        file("pids.max", "256\n");
        file("cpu.stat", """
                usage_usec 1234567
                user_usec 1000000
                system_usec 234567
                nr_periods 12
                nr_throttled 3
                """);
        file("cpu.max", "150000 100000\n");
        file("memory.current", "62914560\n");
        file("memory.peak", "115343360\n");
        file("memory.max", "536870912\n");
        file("memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\noom_group_kill 0\n");
    }

    private void file(String name, String content) throws IOException {
        Files.writeString(group.resolve(name), content);
    }

    private GroupStats read(Mode mode) {
        return GroupStats.read(mode, controller -> Optional.of(group));
    }

    @Test
    void version1() {
        for (Mode mode : new Mode[] {Mode.VERSION_1, Mode.HYBRID}) {
            assertThat(read(mode))
                    .isEqualTo(new GroupStats(
                            OptionalLong.of(1234567890123L),
                            OptionalLong.of(500),
                            OptionalLong.of(62914560 - 135168),
                            OptionalLong.of(104857600),
                            OptionalLong.of(268435456),
                            OptionalLong.of(7),
                            OptionalLong.of(256),
                            OptionalLong.of(2)));
        }
    }

    @Test
    void version2() throws IOException {
        file("memory.stat", "anon 52428800\nfile 10485760\ninactive_file 4194304\nactive_file 6291456\n");
        assertThat(read(Mode.VERSION_2))
                .isEqualTo(new GroupStats(
                        OptionalLong.of(1234567000),
                        OptionalLong.of(1500),
                        OptionalLong.of(62914560 - 4194304),
                        OptionalLong.of(115343360),
                        OptionalLong.of(536870912),
                        OptionalLong.of(7),
                        OptionalLong.of(256),
                        OptionalLong.of(3)));
    }

    @Test
    void whatHasNoLimitHasNoneInEitherVersion() throws IOException {
        file("memory.limit_in_bytes", "9223372036854771712\n");
        file("cpu.cfs_quota_us", "-1\n");
        file("pids.max", "max\n");
        file("cpu.max", "max 100000\n");
        file("memory.max", "max\n");
        for (Mode mode : Mode.values()) {
            GroupStats stats = read(mode);
            assertThat(stats.memoryLimitBytes()).isEmpty();
            assertThat(stats.cpuLimitMillis()).isEmpty();
            assertThat(stats.taskLimit()).isEmpty();
            assertThat(stats.tasks()).hasValue(7);
        }
    }

    @Test
    void aWorkingSetIsNeverNegativeAndNeverGuessed() throws IOException {
        file("memory.usage_in_bytes", "4096\n");
        assertThat(read(Mode.VERSION_1).memoryBytes()).hasValue(0);
        file("memory.stat", "cache 1\n");
        assertThat(read(Mode.VERSION_1).memoryBytes()).isEmpty();
        assertThat(read(Mode.VERSION_2).memoryBytes()).isEmpty();
    }

    /** Linux before 5.19 does not tell it with version 2. */
    @Test
    void aPeakThatIsNotToldIsNotWhatIsUsedNow() throws IOException {
        Files.delete(group.resolve("memory.peak"));
        assertThat(read(Mode.VERSION_2).memoryPeakBytes()).isEmpty();
    }

    @Test
    void whatIsNotThereOrMakesNoSenseIsEmptyAndNotZero() throws IOException {
        assertThat(GroupStats.read(Mode.VERSION_1, controller -> Optional.empty()))
                .isEqualTo(NOTHING);
        assertThat(GroupStats.read(Mode.VERSION_2, controller -> Optional.of(group.resolve("gone"))))
                .isEqualTo(NOTHING);
        file("cpuacct.usage", "");
        file("pids.current", "many\n");
        file("cpu.cfs_period_us", "0\n");
        GroupStats stats = read(Mode.VERSION_1);
        assertThat(stats.cpuNanos()).isEmpty();
        assertThat(stats.tasks()).isEmpty();
        assertThat(stats.cpuLimitMillis()).isEmpty();
        assertThat(stats.taskLimit()).hasValue(256);
    }
}
