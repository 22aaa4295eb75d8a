package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A node agent that is set up wrongly ends at once with exit code 2, and has made nothing by then. */
@EnabledOnOs(OS.LINUX)
class WrongSettingsTest {
    private static final int SET_UP_WRONGLY = 2;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "host-mounts, srv/data",
        "host-mounts, /srv/data:rw/",
        "host-mounts, '/srv/data,/proc/1'",
        "host-paths, opt",
        "host-paths, /sys/kernel",
        "first-user-id, 1000",
        "user-id-count, 9223372036854775807",
        "unasked-storage, 4096",
        "local-share, 100",
        "runsc-platform, ptrace",
        "image-free-percent, 100",
        "audit-files, 0",
        "never-allowed, example.org",
        "dns-upstream, resolver"
    })
    void endsWithExitCode2AndHasMadeNothing(String setting, String value) throws Exception {
        NodeConfiguration configuration = configuration(Map.of(setting, value));

        int exitCode = new NodeAgentProgram(configuration, new RunningNode(), "1.0").run();

        assertThat(exitCode).isEqualTo(SET_UP_WRONGLY);
        try (var made = Files.list(folder)) {
            assertThat(made).isEmpty();
        }
    }

    private NodeConfiguration configuration(Map<String, String> settings) {
        SmallRyeConfigBuilder builder = new SmallRyeConfigBuilder()
                .withMapping(NodeConfiguration.class)
                .withDefaultValue("agentcontainers.node.name", "worker-1")
                .withDefaultValue(
                        "agentcontainers.node.state-directory",
                        folder.resolve("state").toString())
                .withDefaultValue(
                        "agentcontainers.node.run-directory",
                        folder.resolve("run").toString());
        settings.forEach((name, value) -> builder.withDefaultValue("agentcontainers.node." + name, value));
        return builder.build().getConfigMapping(NodeConfiguration.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            srv/data   | agentcontainers.node.host-mounts: 'srv/data' must be PATH, PATH:ro or PATH:rw with an absolute path
            /srv:rx/   | agentcontainers.node.host-mounts: '/srv:rx/' must be PATH, PATH:ro or PATH:rw
            /proc/1:rw | agentcontainers.node.host-mounts: '/proc/1:rw' is in /proc, which no agent gets
            """)
    void aWrongHostMountIsNamedWithWhatWouldBeRight(String value, String says) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LinuxPlatform().check(settings(200_000_000, List.of(value))))
                .withMessageStartingWith(says);
    }

    @Test
    void wrongUserIdsAreNamedByTheirSettings() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LinuxPlatform().check(settings(1000, List.of())))
                .withMessage("agentcontainers.node.first-user-id is 1000 and agentcontainers.node.user-id-count is"
                        + " 65536: 65536 ids from 1000 on can't be used: they must lie between 65536 and 4294967293");
    }

    private NodeSettings settings(long firstUserId, List<String> hostMounts) {
        return new NodeSettings(
                "worker-1",
                folder.resolve("state"),
                folder.resolve("run"),
                firstUserId,
                65_536,
                1 << 20,
                OptionalLong.empty(),
                List.of(),
                new NodeSettings.HostMounts(hostMounts, List.of()),
                NodeSettings.Gvisor.DEFAULT,
                NodeSettings.MicroVm.DEFAULT);
    }
}
