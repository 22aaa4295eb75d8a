package dev.agentcontainers.nodeagent.linux.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** With real pipes. Waiting is done on virtual threads, as the gateway does it. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class DescriptorTest {
    private static final Executor VIRTUAL = task -> Thread.ofVirtual().start(task);

    private final DescriptorCalls calls = DescriptorCalls.ofThisMachine();
    private final Readiness readiness = new Readiness(ProcessCalls.ofThisMachine(), calls);
    private final List<Descriptor> opened = new ArrayList<>();

    private record Pipe(Descriptor reading, Descriptor writing) {}

    private Pipe pipe() {
        int[] ends = new int[2];
        assertThat(calls.pipe(ends)).isZero();
        Pipe pipe = new Pipe(new Descriptor(calls, readiness, ends[0]), new Descriptor(calls, readiness, ends[1]));
        opened.addAll(List.of(pipe.reading(), pipe.writing()));
        return pipe;
    }

    @AfterEach
    void close() {
        opened.forEach(Descriptor::close);
    }

    private static CompletableFuture<Integer> reading(Descriptor descriptor) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return descriptor.input().read();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                VIRTUAL);
    }

    @Test
    void manyIdleReadsLeaveTheProcessorsToOthers() throws Exception {
        int many = 4 * Runtime.getRuntime().availableProcessors() + 4;
        List<Pipe> pipes = new ArrayList<>();
        List<CompletableFuture<Integer>> idle = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            Pipe pipe = pipe();
            pipes.add(pipe);
            idle.add(reading(pipe.reading()));
        }
        assertThat(CompletableFuture.supplyAsync(() -> "ran", VIRTUAL).get(20, TimeUnit.SECONDS))
                .isEqualTo("ran");
        for (int i = 0; i < many; i++) {
            assertThat(idle.get(i)).isNotDone();
            pipes.get(i).writing().output().write(i);
            assertThat(idle.get(i).get()).isEqualTo(i);
        }
    }

    @Test
    void manyWritesThatNobodyTakesLeaveTheProcessorsToOthers() throws Exception {
        byte[] more = new byte[1 << 20];
        List<Descriptor> written = new ArrayList<>();
        List<CompletableFuture<Void>> stuck = new ArrayList<>();
        for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors() + 2; i++) {
            Pipe pipe = pipe();
            written.add(pipe.writing());
            stuck.add(CompletableFuture.runAsync(
                    () -> assertThatThrownBy(() -> pipe.writing().output().write(more))
                            .hasMessageContaining("closed"),
                    VIRTUAL));
        }
        assertThat(CompletableFuture.supplyAsync(() -> "ran", VIRTUAL).get(20, TimeUnit.SECONDS))
                .isEqualTo("ran");
        written.forEach(Descriptor::close);
        for (CompletableFuture<Void> each : stuck) {
            each.get();
        }
    }

    @Test
    void whatIsWrittenArrivesWhole() throws Exception {
        Pipe pipe = pipe();
        byte[] block = "0123456789abcdef".repeat(20_000).getBytes(UTF_8);
        CompletableFuture<Void> writing = CompletableFuture.runAsync(
                () -> {
                    try (var output = pipe.writing().output()) {
                        output.write(block, 7, block.length - 7);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                VIRTUAL);
        byte[] arrived = pipe.reading().input().readAllBytes();
        writing.get();
        assertThat(arrived).isEqualTo(Arrays.copyOfRange(block, 7, block.length));
    }

    @Test
    void closingEndsAReadThatWaits() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<Integer> waiting = reading(pipe.reading());
        Thread.yield();
        pipe.reading().close();
        assertThat(waiting.get()).isEqualTo(-1);
        // Really closed: whoever writes is told so.
        await().untilAsserted(() ->
                assertThatThrownBy(() -> pipe.writing().output().write(1)).hasMessageContaining("the reader has gone"));
    }

    @Test
    void theEndIsTold() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<Integer> waiting = reading(pipe.reading());
        pipe.writing().close();
        assertThat(waiting.get()).isEqualTo(-1);
    }

    /** A descendant that was left behind holds the other end, and says nothing. */
    @Test
    void whatIsReadUntilAnEndEndsWithItWhoeverHoldsTheOtherEnd() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<Integer> end = new CompletableFuture<>();
        CompletableFuture<byte[]> read = readingUntil(pipe.reading(), end);
        pipe.writing().output().write("before".getBytes(UTF_8));
        end.complete(0);
        assertThat(read.get()).asString(UTF_8).isEqualTo("before");
    }

    @Test
    void whatWasWrittenBeforeAnEndIsReadAfterIt() throws Exception {
        Pipe pipe = pipe();
        byte[] block = "0123456789abcdef".repeat(4000).getBytes(UTF_8);
        pipe.writing().output().write(block);
        assertThat(readingUntil(pipe.reading(), CompletableFuture.completedFuture(0))
                        .get())
                .isEqualTo(block);
    }

    /** It writes faster than anybody reads. */
    @Test
    void whoeverWritesWithoutEndDoesNotKeepAnEndAway() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<Integer> end = new CompletableFuture<>();
        CompletableFuture<Void> writing = CompletableFuture.runAsync(
                () -> {
                    byte[] block = new byte[1 << 16];
                    assertThatThrownBy(() -> {
                                while (true) {
                                    pipe.writing().output().write(block);
                                }
                            })
                            .isInstanceOf(IOException.class);
                },
                VIRTUAL);
        InputStream read = pipe.reading().inputUntil(end);
        assertThat(read.read(new byte[1 << 10])).isPositive();
        end.complete(0);
        assertThat(read.readAllBytes().length).isPositive().isLessThanOrEqualTo(Descriptor.MOST_HELD);
        pipe.reading().close();
        writing.get();
    }

    /** Opened by its name, as by a program that has closed what it was given. */
    @Test
    void aTerminalThatNobodyHasOpenIsReadOnUntilItsEnd() throws Exception {
        int[] ends = new int[2];
        assertThat(calls.terminal(ends)).isZero();
        Descriptor control = new Descriptor(calls, readiness, ends[0]);
        opened.add(control);
        Path name = Path.of("/proc/self/fd/" + ends[1]).toRealPath();
        assertThat(calls.passOnBytes(ends[1])).isZero();
        calls.close(ends[1]);
        CompletableFuture<Integer> end = new CompletableFuture<>();
        CompletableFuture<byte[]> read = readingUntil(control, end);
        writeFromAChild("first\n", name);
        writeFromAChild("second\n", name);
        end.complete(0);
        assertThat(read.get()).asString(UTF_8).isEqualTo("first\nsecond\n");
    }

    /** Who leads no session, and so does not get the terminal as its own by opening it. */
    private static void writeFromAChild(String text, Path name) throws Exception {
        Process child = new ProcessBuilder("/bin/sh", "-c", "printf %s \"$0\" > \"$1\"", text, name.toString()).start();
        assertThat(child.waitFor()).isZero();
    }

    @Test
    void closingEndsAReadUntilAnEnd() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<byte[]> read = readingUntil(pipe.reading(), new CompletableFuture<>());
        Thread.yield();
        pipe.reading().close();
        assertThat(read.get()).isEmpty();
    }

    /** A descendant that was left behind has the other end open, and says something now and then. */
    @Test
    void whoeverWritesNowAndThenDoesNotKeepTheEndOfAPipeAway() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<Integer> end = new CompletableFuture<>();
        CompletableFuture<Void> writing = CompletableFuture.runAsync(
                () -> assertThatThrownBy(() -> {
                            while (true) {
                                pipe.writing().output().write('.');
                                TimeUnit.MILLISECONDS.sleep(1);
                            }
                        })
                        .isInstanceOf(IOException.class),
                VIRTUAL);
        CompletableFuture<byte[]> read = readingPipeUntil(pipe.reading(), end);
        end.complete(0);
        read.get();
        pipe.reading().close();
        writing.get();
    }

    @Test
    void aPipeGivesAllThatItHeldAtTheEndAndNothingThatIsWrittenLater() throws Exception {
        Pipe pipe = pipe();
        byte[] block = "0123456789abcdef".repeat(4000).getBytes(UTF_8);
        pipe.writing().output().write(block);
        InputStream read = pipe.reading().pipedUntil(CompletableFuture.completedFuture(0));
        assertThat(read.read()).isEqualTo('0');
        pipe.writing().output().write("late".getBytes(UTF_8));
        assertThat(read.readAllBytes()).isEqualTo(Arrays.copyOfRange(block, 1, block.length));
        assertThat(read.read()).isEqualTo(-1);
    }

    /** As a program that has closed its output and goes on. */
    @Test
    void aPipeThatNobodyHasOpenIsAtItsEndBefore() throws Exception {
        Pipe pipe = pipe();
        CompletableFuture<byte[]> read = readingPipeUntil(pipe.reading(), new CompletableFuture<>());
        pipe.writing().output().write("all".getBytes(UTF_8));
        pipe.writing().close();
        assertThat(read.get()).asString(UTF_8).isEqualTo("all");
    }

    private static CompletableFuture<byte[]> readingPipeUntil(Descriptor descriptor, CompletableFuture<?> end) {
        return readingAll(descriptor.pipedUntil(end));
    }

    private static CompletableFuture<byte[]> readingUntil(Descriptor descriptor, CompletableFuture<?> end) {
        return readingAll(descriptor.inputUntil(end));
    }

    private static CompletableFuture<byte[]> readingAll(InputStream input) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return input.readAllBytes();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                VIRTUAL);
    }
}
