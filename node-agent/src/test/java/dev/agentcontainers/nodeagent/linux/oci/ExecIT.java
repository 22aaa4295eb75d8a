package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.landlock.FileFence;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("node")
@Tag("runtime")
@Timeout(120)
class ExecIT {
    private static TestNode node;
    private static SandboxSpec agent;

    @BeforeAll
    static void startAgent() throws Exception {
        node = TestNode.start();
        // Tests leave processes behind in it, some tens of them for seconds.
        agent = TestNode.shell("sleep 1000", TestNode.limits(1000, 64 << 20, 200));
        node.begin(agent);
    }

    @AfterAll
    static void closeNode() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    private static ExecSession exec(boolean terminal, boolean stdin, String... command) throws Exception {
        return node.newDriver().exec(agent.id(), new ExecRequest(List.of(command), terminal, stdin));
    }

    private static String text(InputStream stream) throws Exception {
        return new String(stream.readAllBytes(), UTF_8);
    }

    @Test
    void streamsAndExitCodeAreSeparate() throws Exception {
        try (ExecSession session = exec(false, false, "/bin/sh", "-c", "echo out; echo err >&2; exit 7")) {
            assertThat(text(session.standardOutput())).isEqualTo("out\n");
            assertThat(text(session.standardError())).isEqualTo("err\n");
            assertThat(session.awaitExit()).isEqualTo(7);
        }
    }

    @Test
    void standardInputIsStreamedToItsEnd() throws Exception {
        try (ExecSession session = exec(false, true, "wc", "-c")) {
            byte[] block = new byte[100_000];
            for (int i = 0; i < 10; i++) {
                session.standardInput().write(block);
            }
            session.standardInput().close();
            assertThat(text(session.standardOutput()).trim()).isEqualTo("1000000");
            assertThat(session.awaitExit()).isZero();
        }
    }

    @Test
    @Tag("shared-machine")
    void itIsAsConfinedAsTheAgent() throws Exception {
        try (ExecSession session = exec(
                false,
                false,
                "/bin/sh",
                "-c",
                "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp:)' /proc/self/status | tr -s '\\t' ' '; echo $GREETING;"
                        + " grep -E 'memory|pids' /proc/self/cgroup; cat /proc/self/uid_map | wc -l; ls /proc/self/fd | wc"
                        + " -l")) {
            String output = text(session.standardOutput());
            assertThat(output)
                    .startsWith("CapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\nhello\n"
                            .replace("CapBnd", "CapEff: 0000000000000000\nCapBnd"))
                    .doesNotContain("..");
        }
    }

    /** What is opened through it is not beneath the agent's root, whatever the runtime left open. */
    @Test
    @Tag("one-driver")
    void aFolderOfTheHostThatIsHandedInIsNotOpened(@TempDir Path folder) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.writeString(folder.resolve("file"), "of the host");
        List<String> attack =
                List.of("/bin/sh", "-c", "cat /proc/self/fd/3/file; cd /proc/self/fd/3; cat file; ls; echo x > new");

        assertThat(HandedIn.outputOf(node, agent.id(), folder, attack)).contains("of the hostof the host");
        assertThat(folder.resolve("new")).exists();
        Files.delete(folder.resolve("new"));
        assertThat(HandedIn.outputOf(node, agent.id(), folder, FileFence.started(attack)))
                .contains("Permission denied")
                .doesNotContain("of the host");
        assertThat(folder.resolve("new")).doesNotExist();
    }

    /** The runtime does not set them: they come from whoever starts it. */
    @Test
    void itHasTheAgentsLimits() throws Exception {
        String script = "ulimit -n; ulimit -c";
        String agents = node.outputOf(script);
        assertThat(agents.lines().toList()).hasSize(2).last().isEqualTo("0");
        assertThat(Long.parseLong(agents.lines().findFirst().orElseThrow())).isBetween(1L, 65_536L);
        try (ExecSession session = exec(false, false, "/bin/sh", "-c", script)) {
            assertThat(text(session.standardOutput()).strip()).isEqualTo(agents);
        }
    }

    /** The only word of it may come before the runtime has the terminal. */
    @Test
    void aTerminalGetsTheSizeThatItWasToldOfFirst() throws Exception {
        try (ExecSession session =
                exec(true, true, "/bin/sh", "-c", "until stty size | grep -q 33; do :; done; stty size")) {
            session.resize(111, 33);
            assertThat(text(session.standardOutput())).contains("33 111");
            assertThat(session.awaitExit()).isZero();
        }
    }

    /** A program that asks once and draws. */
    @Test
    void aTerminalHasASizeBeforeItIsToldOfAny() throws Exception {
        assertThat(shownBy("stty size")).isEqualTo("24 80\r\n");
    }

    @Test
    void aTerminalGetsASizeThatItIsToldOfLate() throws Exception {
        try (ExecSession session =
                exec(true, true, "/bin/sh", "-c", "echo begun; until stty size | grep -q 44; do :; done; stty size")) {
            assertThat(session.standardOutput().read()).isEqualTo('b');
            session.resize(122, 44);
            assertThat(text(session.standardOutput())).contains("44 122");
            assertThat(session.awaitExit()).isZero();
        }
    }

    @Test
    @Tag("host-kernel")
    void aTerminalHasItsSizeAndChangesIt() throws Exception {
        try (ExecSession session = exec(true, true, "/bin/sh")) {
            session.resize(91, 33);
            session.standardInput().write("until stty size | grep -q 33; do :; done; stty size; tty\n".getBytes(UTF_8));
            session.standardInput().flush();
            StringBuilder seen = new StringBuilder();
            InputStream output = session.standardOutput();
            byte[] buffer = new byte[1000];
            while (!seen.toString().contains("/dev/pts/")) {
                int count = output.read(buffer);
                assertThat(count).as(seen.toString()).isPositive();
                seen.append(new String(buffer, 0, count, UTF_8));
            }
            session.resize(92, 34);
            session.standardInput()
                    .write("until stty size | grep -q 34; do :; done; stty size; exit 3\n".getBytes(UTF_8));
            seen.append(text(output));
            assertThat(seen.toString()).contains("33 91", "34 92");
            assertThat(session.awaitExit()).isEqualTo(3);
        }
    }

    /** A probe's time is the agent's from then on. */
    @Test
    void itHasBegunOnceItIsThereAndAfterItsEnd() throws Exception {
        try (ExecSession session = exec(false, false, "sleep", "7776")) {
            await().until(session::hasBegun);
        }
        try (ExecSession session = exec(false, false, "true")) {
            assertThat(session.awaitExit()).isZero();
            assertThat(session.hasBegun()).isTrue();
        }
    }

    @Test
    void closingKillsItsProcess() throws Exception {
        ExecSession session = exec(false, false, "/bin/sh", "-c", "echo ready; exec sleep 7777");
        assertThat(session.standardOutput().read()).isEqualTo('r');
        session.close();
        session.awaitExit();
        await().until(() -> !running().contains("sleep 7777"));
    }

    @Test
    void aProgramThatDoesNotExistEndsWithACode() throws Exception {
        try (ExecSession session = exec(false, false, "/no/such")) {
            assertThat(text(session.standardError())).contains("/no/such");
            assertThat(session.awaitExit()).isNotZero();
        }
    }

    /** With the words and the code of the runtimes, which did not start it themselves. */
    @Test
    @Tag("one-driver")
    void aProgramThatCantBeExecutedEndsWithTheRuntimesCode() throws Exception {
        for (String program : List.of("no-such-program", "/etc/passwd", "/etc")) {
            try (ExecSession session = exec(false, false, program)) {
                assertThat(text(session.standardError())).contains("executable file `" + program + "`");
                assertThat(session.awaitExit()).isEqualTo(255);
            }
        }
    }

    @Test
    void anAgentThatDoesNotRunIsNamed() {
        SandboxSpec other = TestNode.shell("true");
        assertThatThrownBy(() -> node.driver().exec(other.id(), new ExecRequest(List.of("true"), false, false)))
                .hasMessageContaining("does not run");
    }

    @Test
    void aChildThatIsLeftBehindHoldsNoReaderWhenTheSessionCloses() throws Exception {
        ExecSession session = exec(false, false, "/bin/sh", "-c", "echo ready; sleep 6666 &");
        assertThat(session.standardOutput().read()).isEqualTo('r');
        CompletableFuture<String> rest = new CompletableFuture<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                rest.complete(text(session.standardOutput()));
            } catch (Exception e) {
                rest.completeExceptionally(e);
            }
        });
        if (runtimeWaitsForItsPipes()) {
            await().until(() -> reader.getState() == Thread.State.WAITING);
            session.close();
        } else {
            assertThat(session.awaitExit()).isZero();
        }
        assertThat(rest.get()).isEqualTo("eady\n");
        session.close();
    }

    /** runc itself ends only when nobody holds the output any more. */
    private static boolean runtimeWaitsForItsPipes() {
        return "runc".equals(System.getProperty("agentcontainers.test.runtime"));
    }

    /** Nor does it for as long as it writes, now and then or without a pause. */
    @Test
    void aDescendantThatKeepsThePipesAndWritesHoldsNoSession() throws Exception {
        Assumptions.assumeFalse(runtimeWaitsForItsPipes());
        for (String left : List.of("while echo more; do sleep 0.01; done", "exec yes")) {
            try (ExecSession session =
                    exec(false, false, "/bin/sh", "-c", "echo begun; (%s) & sleep 1; exit 4".formatted(left))) {
                assertThat(text(session.standardOutput())).startsWith("begun\n");
                assertThat(text(session.standardError())).isEmpty();
                assertThat(session.awaitExit()).isEqualTo(4);
            }
        }
    }

    /** As a pipe holds it. */
    @Test
    void whatIsWrittenRightBeforeTheEndComesWholeAlsoWhereADescendantWritesOn() throws Exception {
        Assumptions.assumeFalse(runtimeWaitsForItsPipes());
        for (int i = 0; i < 20; i++) {
            try (ExecSession session =
                    exec(false, false, "/bin/sh", "-c", "(sleep 5; exec yes) & printf '%060000d.' 7")) {
                assertThat(session.awaitExit()).isZero();
                assertThat(text(session.standardOutput())).hasSize(60_001).endsWith("7.");
            }
        }
    }

    /** More of them than there are carriers for virtual threads. */
    @Test
    void manyIdleSessionsHoldNoVirtualThreadBack() throws Exception {
        List<ExecSession> sessions = new ArrayList<>();
        try {
            for (int i = 0; i < Runtime.getRuntime().availableProcessors() + 2; i++) {
                ExecSession session = exec(false, true, "cat");
                sessions.add(session);
                for (InputStream stream : List.of(session.standardOutput(), session.standardError())) {
                    Thread.ofVirtual().start(() -> {
                        try {
                            stream.readAllBytes();
                        } catch (java.io.IOException e) {
                            // Closed.
                        }
                    });
                }
            }
            CompletableFuture<String> other = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> other.complete("ran"));
            assertThat(other.get(30, TimeUnit.SECONDS)).isEqualTo("ran");
        } finally {
            sessions.forEach(ExecSession::close);
        }
    }

    @Test
    void aTerminalWithoutInputStillShows() throws Exception {
        try (ExecSession session = exec(true, false, "/bin/sh", "-c", "echo shown")) {
            session.standardInput().close();
            assertThat(text(session.standardOutput())).isEqualTo("shown\r\n");
            assertThat(session.awaitExit()).isZero();
        }
    }

    /**
     * Side by side, so that the machine is busy. What the program wrote last was shown by the runtime as a message of its own,
     * with colour and time, in a few of a hundred.
     */
    @Test
    void aHundredShortProgramsEachShowExactlyWhatTheyWrote() throws Exception {
        try (ExecutorService several = Executors.newFixedThreadPool(5)) {
            List<Future<String>> shown = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                shown.add(several.submit(() -> shownBy("echo out")));
            }
            for (Future<String> each : shown) {
                assertThat(each.get()).isEqualTo("out\r\n");
            }
        }
    }

    private static String shownBy(String script) throws Exception {
        try (ExecSession session = exec(true, false, "/bin/sh", "-c", script)) {
            String shown = text(session.standardOutput());
            assertThat(session.awaitExit()).isZero();
            return shown;
        }
    }

    @Test
    void aTerminalShowsMoreThanItHolds() throws Exception {
        String shown = shownBy("i=0; while [ $i -lt 16384 ]; do i=$((i + 1)); printf '%062d\\n' $i; done");
        assertThat(shown).hasSize(1 << 20);
        List<String> lines = shown.lines().toList();
        assertThat(lines).hasSize(16_384).last().asString().endsWith("016384");
    }

    @Test
    void aTerminalShowsWhatIsWrittenRightBeforeTheEnd() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertThat(shownBy("printf '%03000d.' 7")).hasSize(3001).endsWith("7.");
        }
    }

    @Test
    void aProgramThatDoesNotExistSaysSoOnATerminal() throws Exception {
        try (ExecSession session = exec(true, true, "/no/such")) {
            session.resize(80, 25);
            assertThat(text(session.standardOutput())).contains("/no/such").endsWith("\r\n");
            assertThat(session.awaitExit()).isNotZero();
        }
    }

    /** The session ends with its program, also where others go on and write. */
    @Test
    void aDescendantThatKeepsTheTerminalHoldsNoSession() throws Exception {
        try (ExecSession session = exec(
                true,
                true,
                "/bin/sh",
                "-c",
                "(trap '' HUP; while echo more; do sleep 0.01; done) & trap '' HUP; setsid sleep 5555 & echo begun")) {
            assertThat(text(session.standardOutput())).contains("begun");
            assertThat(session.awaitExit()).isZero();
        }
        try (ExecSession session = exec(true, true, "/bin/sh", "-c", "(trap '' HUP; exec yes) & sleep 1; exit 4")) {
            assertThat(text(session.standardOutput())).contains("y\r\ny");
            assertThat(session.awaitExit()).isEqualTo(4);
        }
    }

    /** A terminal that nobody has open is not at its end. */
    @Test
    @Tag("host-kernel")
    void aTerminalThatIsOpenedAgainShows() throws Exception {
        assertThat(shownBy("exec </dev/null >/dev/null 2>&1; sleep 0.3; echo late >/dev/tty"))
                .isEqualTo("late\r\n");
    }

    @Test
    void aTerminalTakesInputBeforeItIsThereAndAfter() throws Exception {
        try (ExecSession session =
                exec(true, true, "/bin/sh", "-c", "stty -echo; echo ready; read a; read b; echo $b$a")) {
            session.standardInput().write("first\n".getBytes(UTF_8));
            StringBuilder seen = new StringBuilder();
            InputStream output = session.standardOutput();
            while (!seen.toString().contains("ready")) {
                seen.append((char) output.read());
            }
            session.standardInput().write("second\n".getBytes(UTF_8));
            session.standardInput().close();
            assertThat(text(output)).endsWith("secondfirst\r\n");
            assertThat(session.awaitExit()).isZero();
        }
    }

    @Test
    void closingASessionWithATerminalKillsItsProcess() throws Exception {
        for (boolean atOnce : List.of(true, false)) {
            ExecSession session = exec(true, true, "/bin/sh", "-c", "trap '' HUP; echo ready; sleep 6667; sleep 6667");
            if (!atOnce) {
                assertThat(session.standardOutput().read()).isEqualTo('r');
            }
            session.close();
            session.awaitExit();
            assertThat(text(session.standardOutput())).isEmpty();
            await().until(() -> !running().contains("sleep 6667"));
        }
    }

    /** Most of those that have no trace of their descent left are begun between the look and the end. */
    @Test
    void closingASessionLeavesNothingThatItsProcessBeginsMeanwhile() throws Exception {
        for (int i = 0; i < 3; i++) {
            ExecSession session = exec(
                    false,
                    false,
                    "/bin/sh",
                    "-c",
                    "echo ready; n=0; while [ $n -lt 100 ]; do n=$((n + 1)); sleep 6668 & done; wait");
            assertThat(session.standardOutput().read()).isEqualTo('r');
            session.close();
            session.awaitExit();
            await().until(() -> !running().contains("sleep 6668"));
        }
    }

    /** The command lines of all processes in the sandbox. */
    private static String running() throws Exception {
        try (ExecSession look = exec(false, false, "/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")) {
            return text(look.standardOutput());
        }
    }
}
