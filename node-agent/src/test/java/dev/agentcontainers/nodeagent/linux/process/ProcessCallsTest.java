package dev.agentcontainers.nodeagent.linux.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** In which order the kernel is asked about processes, and that every descriptor is given back. */
@EnabledOnOs(OS.LINUX)
class ProcessCallsTest {
    private static final int ESRCH = 3;
    private static final int PID = 4711;
    private static final int DESCRIPTOR = 9;

    private final RecordingProcesses processes = new RecordingProcesses();
    private final RecordingDescriptors descriptors = new RecordingDescriptors();
    private final ProcessIdentity self =
            ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();

    @Test
    void aSignalGoesToTheVeryProcess() {
        processes.answer("open " + self.pid(), DESCRIPTOR);

        assertThat(self.signal(processes, descriptors, ProcessCalls.SIGTERM)).isTrue();

        assertThat(processes.calls()).containsExactly("open " + self.pid(), "signal 9 15");
        assertThat(descriptors.calls()).containsExactly("close 9");
    }

    /** The pid is used again by now: the new process must not be hit. */
    @Test
    void anotherProcessOfThatPidIsNotSignalled() {
        ProcessIdentity before = new ProcessIdentity(self.pid(), self.startTicks() - 1);
        processes.answer("open " + self.pid(), DESCRIPTOR);

        assertThat(before.signal(processes, descriptors, ProcessCalls.SIGKILL)).isFalse();

        assertThat(processes.calls()).containsExactly("open " + self.pid());
        assertThat(descriptors.calls()).containsExactly("close 9");
    }

    @Test
    void theEndOfAProcessThatIsGoneIsKnownAtOnce() {
        processes.answer("open " + PID, -ESRCH);
        ProcessEnds ends = new ProcessEnds(processes, descriptors, new Readiness(processes, descriptors));

        assertThat(ends.of(new ProcessIdentity(PID, 1))).isCompleted();

        assertThat(descriptors.calls()).isEmpty();
    }

    @Test
    void aChildThatDoesNotEndIsKilledAndReaped() {
        processes.answer("open " + PID, DESCRIPTOR);
        ChildProcess child = new ChildProcess(processes, descriptors, PID, "the runtime");

        assertThatThrownBy(() -> child.await(Duration.ZERO))
                .hasMessage("the runtime did not end within 0 s and was killed");

        assertThat(processes.calls()).containsExactly("open 4711", "await 9", "signal 9 9", "wait for 4711");
        assertThat(descriptors.calls()).containsExactly("close 9");
    }

    @Test
    void aChildThatEndedIsReapedAndNotKilled() throws Exception {
        processes.answer("open " + PID, DESCRIPTOR);
        processes.answer("await 9", 1);
        processes.answer("wait for 4711", 137);
        ChildProcess child = new ChildProcess(processes, descriptors, PID, "the runtime");

        assertThat(child.await(Duration.ofSeconds(1))).isEqualTo(137);

        assertThat(processes.calls()).containsExactly("open 4711", "await 9", "wait for 4711");
        assertThat(descriptors.calls()).containsExactly("close 9");
    }
}
