package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.process.RecordingDescriptors;
import dev.agentcontainers.nodeagent.linux.process.RecordingHandovers;
import dev.agentcontainers.nodeagent.linux.rootfs.RecordingMounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is left of an exec that could not begin: nothing, since its specification holds the agent's environment. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class RuntimeExecSessionTest {
    private static final int EPERM = 1;
    private static final int EMFILE = 24;

    @TempDir
    private Path folder;

    private final RecordingDescriptors descriptors = new RecordingDescriptors();
    private final RecordingHandovers handovers = new RecordingHandovers();
    private final RecordingMounts mounts = new RecordingMounts();

    private void assertThatNothingIsLeft(boolean terminal, String message) throws Exception {
        OciSettings settings =
                OciSettings.of(folder.resolve("state"), folder.resolve("run"), "", new IdRange(200_000_000, 65_536), 0);
        SandboxFiles files = new SandboxFiles(settings, new SandboxId("a"));
        Path bundle = Files.createDirectories(files.bundle());
        Files.writeString(bundle.resolve("config.json"), "{\"process\": {\"env\": [\"SECRET=hidden\"]}}");
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        Tools tools = new Tools(Path.of("/x/crun"), Path.of("/x/conmon"), List.of(), Tools.Dialect.CRUN);
        RuntimeCommand command = new RuntimeCommand(
                tools,
                new Shim(tools, settings, processes, descriptors),
                processes,
                descriptors,
                handovers,
                new Readiness(processes, DescriptorCalls.ofThisMachine()),
                mounts,
                OciSettings.PATIENCE);
        assertThatThrownBy(() -> RuntimeExecSession.start(
                        command,
                        files,
                        ProcessHandle.current().pid(),
                        new ExecRequest(List.of("/bin/true"), terminal, false)))
                .hasMessageContaining(message);
        try (var left = Files.list(bundle)) {
            assertThat(left.map(
                            path -> Objects.requireNonNull(path.getFileName()).toString()))
                    .containsExactly("config.json");
        }
    }

    @Test
    void withoutPipesNothingIsLeft() throws Exception {
        descriptors.answer("pipe", -EMFILE);
        assertThatNothingIsLeft(false, "make a pipe");
    }

    @Test
    void withoutATerminalNothingIsLeft() throws Exception {
        descriptors.answer("pipe", -EMFILE);
        assertThatNothingIsLeft(true, "make a pipe");
        assertThat(handovers.calls()).last().isEqualTo("close 0");
    }

    @Test
    void withoutARuntimeNothingIsLeft() throws Exception {
        mounts.entryAnswer = -EPERM;
        assertThatNothingIsLeft(false, "enter the mount namespace");
    }
}
