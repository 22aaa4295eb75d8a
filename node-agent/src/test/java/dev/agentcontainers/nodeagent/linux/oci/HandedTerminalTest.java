package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.process.RecordingDescriptors;
import dev.agentcontainers.nodeagent.linux.process.RecordingHandovers;
import dev.agentcontainers.nodeagent.linux.rootfs.RecordingMounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What comes when, of a runtime that is only said to be there; terminals and pipes are real. crun itself in ExecIT. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class HandedTerminalTest {
    private static final int RUNTIME = 4711;
    private static final int CONNECTION = 7;
    private static final int KILLED = 137;

    @TempDir
    private Path folder;

    private final DescriptorCalls calls = DescriptorCalls.ofThisMachine();
    private final RecordingHandovers handovers = new RecordingHandovers();
    private final Readiness readiness = new Readiness(ProcessCalls.ofThisMachine(), calls);
    private final CompletableFuture<Integer> end = new CompletableFuture<>();
    private final CompletableFuture<List<String>> doneBeforeKilling = new CompletableFuture<>();

    /** What is read of the first is taken for a connection. */
    private final int[] knock = new int[2];

    private final int[] pseudo = new int[2];

    @BeforeEach
    void makeTerminal() {
        assertThat(calls.pipe(knock)).isZero();
        assertThat(calls.terminal(pseudo)).isZero();
        assertThat(calls.passOnBytes(pseudo[1])).isZero();
        handovers.answer("listen at /proc/self/fd/5/exec-a.tty", knock[0]);
        handovers.answer("accept at " + knock[0], HandoverCalls.NOTHING_YET);
        handovers.answer("peer of " + CONNECTION, RUNTIME);
    }

    @AfterEach
    void closeTerminal() {
        calls.close(knock[0]);
        calls.close(knock[1]);
        calls.close(pseudo[1]);
    }

    private HandedTerminal open(DescriptorCalls descriptors, Duration patience) throws IOException {
        OciSettings settings =
                OciSettings.of(folder.resolve("state"), folder.resolve("run"), "", new IdRange(200_000_000, 65_536), 0);
        Tools tools = new Tools(Path.of("/x/crun"), Path.of("/x/conmon"), List.of(), Tools.Dialect.CRUN);
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        RuntimeCommand command = new RuntimeCommand(
                tools,
                new Shim(tools, settings, processes, descriptors),
                processes,
                descriptors,
                handovers,
                readiness,
                new RecordingMounts(),
                patience);
        SandboxFiles files = new SandboxFiles(settings, new SandboxId("a"));
        return HandedTerminal.open(
                command, new ExecPlace(files, ProcessHandle.current().pid(), "exec-a"));
    }

    private HandedTerminal begun(DescriptorCalls descriptors, Duration patience) throws IOException {
        HandedTerminal terminal = open(descriptors, patience);
        terminal.begun(RUNTIME, end, () -> {
            doneBeforeKilling.complete(handovers.calls());
            end.complete(KILLED);
        });
        terminal.closeTheirs();
        return terminal;
    }

    private HandedTerminal begun() throws IOException {
        return begun(calls, OciSettings.PATIENCE);
    }

    private void handOver(int control) {
        handovers.answer("receive from " + CONNECTION, control);
        handovers.answer("accept at " + knock[0], CONNECTION, HandoverCalls.NOTHING_YET);
        calls.write(knock[1], new byte[1], 1);
    }

    /** What the program is typed, until so much of it has come. */
    private byte[] typed(int length) throws IOException {
        return new Descriptor(calls, readiness, pseudo[1]).input().readNBytes(length);
    }

    private void show(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        assertThat(calls.write(pseudo[1], bytes, bytes.length)).isEqualTo(bytes.length);
    }

    private static CompletableFuture<String> shownBy(HandedTerminal terminal) {
        InputStream output = terminal.output();
        return later(() -> new String(output.readAllBytes(), UTF_8));
    }

    private interface Reading<T> {
        T read() throws IOException;
    }

    private static <T> CompletableFuture<T> later(Reading<T> reading) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return reading.read();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    @Test
    void whatIsTypedBeforeTheTerminalIsThereComesFirst() throws Exception {
        try (HandedTerminal terminal = begun()) {
            terminal.input().write("early ".getBytes(UTF_8));
            handOver(pseudo[0]);
            terminal.input().write("late".getBytes(UTF_8));
            assertThat(typed(10)).asString(UTF_8).isEqualTo("early late");
        }
    }

    /** As one thread of the gateway hears what is typed, and that its user has gone. */
    @Test
    void whoeverHasTypedIntoNothingCanCloseItAtOnce() throws Exception {
        HandedTerminal terminal = begun();
        CompletableFuture<String> shown = shownBy(terminal);
        terminal.input().write(new byte[Keyboard.MOST_KEPT]);
        terminal.close();
        assertThat(shown.get()).isEmpty();
        assertThatThrownBy(() -> terminal.input().write('a')).hasMessage("the program has no terminal");
    }

    @Test
    void closingEndsTypingThatWaits() throws Exception {
        HandedTerminal terminal = begun();
        CompletableFuture<Boolean> refused = later(() -> {
            try {
                terminal.input().write(new byte[Keyboard.MOST_KEPT + 1]);
                return false;
            } catch (IOException e) {
                return true;
            }
        });
        await().during(Duration.ofMillis(300)).until(() -> !refused.isDone());
        terminal.close();
        assertThat(refused.get()).isTrue();
    }

    @Test
    void whatIsWrittenIsShownBeforeTheRuntimesOwnWords() throws Exception {
        HandedTerminal terminal = open(calls, OciSettings.PATIENCE);
        try (terminal) {
            terminal.begun(RUNTIME, end, () -> {});
            byte[] words = "words\n".getBytes(UTF_8);
            int theirs = Objects.requireNonNull(terminal.theirs().get(2));
            assertThat(calls.write(theirs, words, words.length)).isEqualTo(words.length);
            terminal.closeTheirs();
            CompletableFuture<String> shown = shownBy(terminal);
            handOver(pseudo[0]);
            show("shown ");
            await().until(() -> handovers.calls().contains("receive from " + CONNECTION));
            end.complete(0);
            assertThat(shown.get()).isEqualTo("shown words\r\n");
        }
    }

    /** Where it can't begin its program. */
    @Test
    void aRuntimeThatEndsWithoutATerminalHasTheWord() throws Exception {
        HandedTerminal terminal = open(calls, OciSettings.PATIENCE);
        try (terminal) {
            terminal.begun(RUNTIME, end, () -> {});
            byte[] words = "no such program\n".getBytes(UTF_8);
            int theirs = Objects.requireNonNull(terminal.theirs().get(2));
            assertThat(calls.write(theirs, words, words.length)).isEqualTo(words.length);
            terminal.closeTheirs();
            end.complete(1);
            assertThat(shownBy(terminal).get()).isEqualTo("no such program\r\n");
            await().until(() -> handovers.calls().contains("close " + knock[0]));
        }
    }

    /** It would complain of a socket that is gone, and its user would read that instead. */
    @Test
    void aRuntimeThatHandsOverNothingIsEndedBeforeItsSocketIs() throws Exception {
        try (HandedTerminal terminal = begun(calls, Duration.ofSeconds(1))) {
            assertThat(shownBy(terminal).get()).isEqualTo("the runtime handed over no terminal within 1 s\r\n");
            assertThatThrownBy(() -> terminal.input().write('a')).hasMessage("the program has no terminal");
            assertThat(doneBeforeKilling.get()).doesNotContain("close " + knock[0]);
            assertThat(handovers.calls()).containsOnlyOnce("close " + knock[0]);
        }
    }

    @Test
    void theLatestSizeThatWasToldEarlyIsTheTerminalsAndThenWhatIsTold() throws Exception {
        RecordingDescriptors recorded = new RecordingDescriptors();
        try (HandedTerminal terminal = begun(recorded, OciSettings.PATIENCE)) {
            terminal.resize(100, 30);
            terminal.resize(111, 33);
            handOver(9);
            await().until(() -> recorded.calls().contains("resize 9 to 111x33"));
            terminal.resize(122, 44);
        }
        assertThat(recorded.calls())
                .doesNotContain("resize 9 to 100x30")
                .containsSubsequence("resize 9 to 111x33", "resize 9 to 122x44", "close 9");
    }

    @Test
    void aTerminalThatComesAfterClosingIsClosed() throws Exception {
        RecordingDescriptors recorded = new RecordingDescriptors();
        HandedTerminal terminal = open(recorded, OciSettings.PATIENCE);
        terminal.begun(RUNTIME, end, () -> {});
        handovers.answer("receive from " + CONNECTION, 9);
        handovers.answer("accept at " + knock[0], CONNECTION, HandoverCalls.NOTHING_YET);
        terminal.close();
        await().until(() -> recorded.calls().contains("close 9"));
        assertThat(handovers.calls()).containsOnlyOnce("close " + knock[0]);
    }

    @Test
    void whatIsNeverBegunLeavesNoSocket() throws Exception {
        open(calls, OciSettings.PATIENCE).close();
        assertThat(handovers.calls()).containsOnlyOnce("close " + knock[0]);
    }
}
