package dev.agentcontainers.cli.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.cli.process.ExternalCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeUnitTest {
    private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");

    @TempDir
    private Path folder;

    @Test
    void agentsOutliveTheServiceAndItsExitCodesDecideWhetherItComesBack() {
        assertThat(NodeUnit.text(List.of("/usr/bin/java", "-jar", "/usr/local/lib/node-agent.jar"))
                        .lines())
                .contains(
                        "Type=exec",
                        "ExecStart=/usr/bin/java -jar /usr/local/lib/node-agent.jar",
                        "KillMode=process",
                        "Delegate=yes",
                        "Restart=on-failure",
                        "RestartPreventExitStatus=2",
                        "SuccessExitStatus=143",
                        "WantedBy=multi-user.target");
    }

    /** Each of these gives the service a mount namespace of its own, which the next one would not have. */
    @Test
    void nothingTakesAgentsMountsOutOfTheHostsSight() {
        assertThat(NodeUnit.text(List.of("/usr/bin/java")).lines().filter(line -> !line.startsWith("#")))
                .noneMatch(line -> line.matches("(Private|Protect|ReadOnly|ReadWrite|Inaccessible|Bind|Temporary|Root"
                        + "|MountFlags|DynamicUser|NoExec|Exec(Paths)|StateDirectory|RuntimeDirectory|NoNewPrivileges"
                        + "|SystemCall|Restrict(?!.*ExitStatus)|MemoryDeny|Lock|UMask|OOMScore).*"));
    }

    @Test
    void nothingInACommandIsExpanded() {
        assertThat(NodeUnit.text(List.of("/usr/bin/java", "-Da=50% $HOME", "a\"b\\c"))
                        .lines())
                .contains("ExecStart=/usr/bin/java \"-Da=50%% $$HOME\" \"a\\\"b\\\\c\"");
    }

    @Test
    void systemdTakesIt() throws Exception {
        assumeTrue(Files.isExecutable(ANALYZE), "needs systemd-analyze");
        Path unit = folder.resolve(NodeUnit.NAME);
        Files.writeString(unit, NodeUnit.text(List.of("/bin/true", "-Dname=worker 1", "%h")));
        ExternalCommand.Outcome outcome = ExternalCommand.of(
                        ANALYZE.toString(), "verify", "--man=no", "--recursive-errors=no", unit.toString())
                .attempt();
        assertThat(outcome.output()).doesNotContain(NodeUnit.NAME + ":");
        assertThat(outcome.exitCode()).as(outcome.output()).isZero();
    }
}
