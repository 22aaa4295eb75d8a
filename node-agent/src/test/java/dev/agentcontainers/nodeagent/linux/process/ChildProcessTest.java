package dev.agentcontainers.nodeagent.linux.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
@Timeout(60)
class ChildProcessTest {
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final Duration LONG = Duration.ofSeconds(50);

    private final ProcessCalls processes = ProcessCalls.ofThisMachine();
    private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();

    private ChildProcess shell(String script, Map<Integer, Integer> passed) {
        int pid = processes.spawn(
                new SpawnRequest("/bin/sh", List.of("-c", script), Map.of("PATH", "/usr/bin:/bin"), passed, false));
        assertThat(pid).isPositive();
        return new ChildProcess(processes, descriptors, pid, "the shell");
    }

    @Test
    void theExitCodeIsTold() throws Exception {
        assertThat(shell("exit 7", Map.of()).await(LONG)).isEqualTo(7);
    }

    @Test
    void oneThatDoesNotEndIsKilledAndNamed() {
        ChildProcess child = shell("sleep 1000", Map.of());
        assertThatThrownBy(() -> child.await(SHORT)).hasMessage("the shell did not end within 200 ms and was killed");
        assertThat(ProcessHandle.of(child.pid())).isEmpty();
    }

    @Test
    void outputThatAGrandchildHoldsOpenIsNotWaitedForForever() throws Exception {
        int[] ends = new int[2];
        descriptors.pipe(ends);
        ChildProcess child = shell("echo said; sleep 5 & exit 3", Map.of(1, ends[1]));
        descriptors.close(ends[1]);
        assertThat(child.readAll(ends[0], SHORT)).isEqualTo("said\n");
        assertThat(child.await(LONG)).isEqualTo(3);
        descriptors.close(ends[0]);
    }

    @Test
    void aProgramThatDoesNotEndIsKilledAndNamed() {
        Program program = Program.find("sleep").orElseThrow();
        assertThatThrownBy(() -> program.run(Duration.ofSeconds(1), List.of("1000")))
                .hasMessage(program.path() + " did not end within 1 s and was killed");
    }

    @Test
    void aProgramsOutputIsToldThoughAChildOfItHoldsItOpen() throws Exception {
        Program shell = new Program(Path.of("/bin/sh"));
        assertThat(shell.run(LONG, List.of("-c", "echo out; echo err >&2; sleep 5 & exit 4")))
                .isEqualTo(new Program.Result(4, "out\nerr"));
    }
}
