package dev.agentcontainers.egressproxy.confine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process of its own that tries what whoever took over the proxy would. */
class SystemCallFilterTest {
    /** By x86-64 numbers, with arguments that the kernel would not refuse a user without rights as such. */
    private static final List<String> ATTACKS = List.of(
            "execve:59:0:0:0",
            "fork:57",
            "vfork:58",
            "clone of a process:56:17",
            "clone of a user namespace:56:0x10000011",
            "clone3:435:0:0",
            "unshare of a user namespace:272:0x10000000",
            "setns:308:0:0",
            "mount:165:0:0:0",
            "ptrace:101:0:1",
            "reading another's memory:310:1:0:0",
            "bpf:321:0:0:0",
            "perf_event_open:298:0:0",
            "userfaultfd:323:1",
            "io_uring_setup:425:1:0",
            "add_key:248:0:0",
            "keyctl:250:0:0",
            "memfd_create:319:0:0",
            "kill:62:1:0",
            "netlink socket:41:16:3:0",
            "packet socket:41:17:3:0",
            "vsock socket:41:40:1:0",
            "alg socket:41:38:5:0",
            "raw socket:41:2:3:1",
            "ping socket:41:2:2:1",
            "sctp socket:41:2:1:132",
            "unix datagram pair:53:1:2",
            "terminal input:16:0:0x5412:0",
            "dumpable:157:4:1",
            "call of 32-bit pointers:0x40000027");

    private static Map<String, String> run(boolean confined, List<String> tried)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Confined.class.getName(),
                Boolean.toString(confined)));
        command.addAll(tried);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Map<String, String> results = process.inputReader()
                .lines()
                .map(line -> line.split(": ", 2))
                .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
        assertThat(process.waitFor()).isZero();
        return results;
    }

    @Test
    void whatTheProxyDoesNotNeedIsNotThere() throws Exception {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "the numbers are those of amd64");

        Map<String, String> results = run(true, ATTACKS);

        assertThat(results)
                .containsEntry("program of an earlier thread", "false")
                .containsEntry("program", "false")
                .containsEntry("thread and sockets", "true");
        for (String attack : ATTACKS) {
            assertThat(results.get(attack.substring(0, attack.indexOf(':'))))
                    .as(attack)
                    .isIn("error 1", "error 38", "error 93", "error 97");
        }
    }

    /** The program itself can do what it is forbidden. */
    @Test
    void theTestCanFail() throws Exception {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "the numbers are those of amd64");
        List<String> harmless = List.of("netlink socket:41:16:3:0", "memfd_create:319:0:0", "kill:62:1:0");

        assertThat(run(false, harmless))
                .containsEntry("program of an earlier thread", "true")
                .containsEntry("program", "true")
                .containsEntry("netlink socket", "done")
                .containsEntry("memfd_create", "error 14")
                .containsEntry("kill", "done");
    }

    @ParameterizedTest
    @EnumSource
    void theProgramIsOneThatTheKernelCanTake(Architecture architecture) {
        List<FilterProgram.Step> steps = FilterProgram.of(architecture);

        assertThat(steps).hasSizeBetween(100, 4096);
        for (int i = 0; i < steps.size(); i++) {
            FilterProgram.Step step = steps.get(i);
            assertThat(step.then()).isBetween(0, Math.min(255, Math.max(0, steps.size() - i - 2)));
            assertThat(step.otherwise()).isBetween(0, Math.min(255, Math.max(0, steps.size() - i - 2)));
        }
        assertThat(steps.getLast().code()).as("the last returns").isEqualTo(6);
    }
}
