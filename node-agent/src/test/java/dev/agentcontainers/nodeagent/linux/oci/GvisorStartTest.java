package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Hierarchy;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import dev.agentcontainers.nodeagent.linux.cgroup.SandboxCgroups;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With real processes in the place of gVisor's kernel and of the shim, and the files of all of them. */
@Timeout(30)
class GvisorStartTest {
    private static final int EAGAIN = 11;

    @TempDir
    private Path folder;

    private final List<Process> begun = new ArrayList<>();
    private SandboxRuns runs;
    private SandboxFiles files;
    private Process kernel;
    private Process shim;
    private GvisorStart start;

    @BeforeEach
    void create() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "Linux's processes");
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        Hierarchies hierarchies = new Hierarchies(Mode.VERSION_2, List.of(new Hierarchy(folder, true, Set.of())));
        runs = new SandboxRuns(
                new SandboxCgroups(hierarchies, "/agentcontainers-test", processes, descriptors),
                processes,
                descriptors,
                new Readiness(processes, descriptors));
        OciSettings settings = OciSettings.of(
                folder.resolve("state"),
                folder.resolve("node"),
                "/agentcontainers-test",
                new IdRange(300_000_000, IdRange.PER_SANDBOX),
                0);
        files = new SandboxFiles(settings, new SandboxId("one"));
        Files.createDirectories(files.run());
        Files.createDirectories(files.runtimeState());
        kernel = process();
        shim = process();
        RunRecord record = new RunRecord(RunRecord.currentBoot(), identity(kernel), identity(shim));
        record.write(files.record());
        runscNotes("{\"status\":\"created\"}");
        start = new GvisorStart(files, runs, record);
    }

    @AfterEach
    void end() {
        begun.forEach(Process::destroyForcibly);
    }

    private Process process() throws IOException {
        Process process = new ProcessBuilder("sleep", "100").start();
        begun.add(process);
        return process;
    }

    private static ProcessIdentity identity(Process process) {
        return ProcessIdentity.of(process.pid()).orElseThrow();
    }

    private void runscNotes(String state) throws IOException {
        Files.writeString(files.gvisorState(), state);
    }

    private static void kill(Process process) {
        process.destroyForcibly().onExit().join();
    }

    private SandboxState state() throws IOException {
        return runs.state(files);
    }

    private void assertFails(GvisorStart.Runsc runsc) {
        assertThatThrownBy(() -> start.by(runsc)).isInstanceOf(IOException.class);
    }

    private void assertRefusedAfter(GvisorStart.Runsc runsc) throws IOException {
        assertFails(() -> {
            runsc.start();
            throw new RuntimeCommand.RefusedException(128, "runsc start: no such program");
        });
        assertThat(state()).isInstanceOf(SandboxState.Broken.class);
    }

    private void assertHasRunAfter(GvisorStart.Runsc runsc) throws IOException {
        assertFails(() -> {
            runsc.start();
            throw new RuntimeCommand.RefusedException(128, "runsc start: no such program");
        });
        assertThat(files.refused()).doesNotExist();
        assertThat(state()).isInstanceOfAny(SandboxState.Running.class, SandboxState.Exited.class);
    }

    @Test
    void anAgentThatWaitsIsStarted() throws Exception {
        assertThat(state()).isInstanceOf(SandboxState.Created.class);
        start.by(() -> assertThat(files.starting()).exists());
        assertThat(state()).isInstanceOf(SandboxState.Running.class);
    }

    @Test
    void whereThereIsNoRunscTheAgentWaitsOn() throws Exception {
        assertFails(() -> {
            throw new SystemCallException("start runsc", EAGAIN, "Resource temporarily unavailable");
        });
        assertThat(state()).isInstanceOf(SandboxState.Created.class);
        start.by(() -> {});
    }

    @Test
    void anAgentThatWaitsAfterARefusalHasNotRun() throws Exception {
        assertRefusedAfter(() -> {});
    }

    @Test
    void anAgentWhoseKernelIsGoneCountsAsRun() throws Exception {
        assertHasRunAfter(() -> kill(kernel));
    }

    /** runsc hears of a kernel's end before its process is gone. */
    @Test
    void anAgentWhoseKernelIsAboutToGoCountsAsRun() throws Exception {
        CompletableFuture<Void> killing = CompletableFuture.runAsync(
                () -> kill(kernel), CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS));
        assertHasRunAfter(() -> {});
        killing.join();
    }

    @Test
    void anAgentWhoseShimIsGoneCountsAsRun() throws Exception {
        assertHasRunAfter(() -> kill(shim));
        assertThat(state()).isInstanceOf(SandboxState.Running.class);
    }

    @Test
    void anAgentThatHasEndedCountsAsRun() throws Exception {
        assertHasRunAfter(() -> Files.writeString(files.exit(), "0"));
        assertThat(state()).isInstanceOf(SandboxState.Exited.class);
    }

    @Test
    void anAgentThatRunscKnowsToRunCountsAsRun() throws Exception {
        assertHasRunAfter(() -> runscNotes("{\"status\":\"running\"}"));
    }

    /** As a full disk leaves it. */
    @Test
    void anAgentThatRunscCouldNotWriteDownCountsAsRun() throws Exception {
        assertHasRunAfter(() -> runscNotes(""));
    }

    @Test
    void anAgentThatRunscKnowsNothingOfCountsAsRun() throws Exception {
        assertHasRunAfter(() -> Files.delete(files.gvisorState()));
    }

    @Test
    void aRunscThatWasKilledOrHasCrashedHasRefusedNothing() throws Exception {
        assertFails(() -> {
            throw new IOException("runsc start was killed by signal 9");
        });
        assertThat(state()).isInstanceOf(SandboxState.Running.class);
        Files.delete(files.starting());
        assertFails(() -> {
            throw new RuntimeCommand.RefusedException(2, "runsc start: panic");
        });
        assertThat(state()).isInstanceOf(SandboxState.Running.class);
    }

    @Test
    void whatTheShimKnowsCountsBeforeARefusal() throws Exception {
        assertRefusedAfter(() -> {});
        Files.writeString(files.exit(), "137");
        assertThat(state()).isInstanceOf(SandboxState.Exited.class);
    }
}
