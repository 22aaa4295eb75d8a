package dev.agentcontainers.nodeagent.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
class OutputPumpTest {
    private static final Duration SLOWLY = Duration.ofMillis(200);

    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

    /** Of a process's output. */
    private record Pipe(Descriptor ours, Descriptor childs) implements AutoCloseable {
        static Pipe open() {
            DescriptorCalls calls = DescriptorCalls.ofThisMachine();
            Readiness readiness = new Readiness(ProcessCalls.ofThisMachine(), calls);
            int[] ends = new int[2];
            assertThat(calls.pipe(ends)).isZero();
            return new Pipe(new Descriptor(calls, readiness, ends[0]), new Descriptor(calls, readiness, ends[1]));
        }

        @Override
        public void close() {
            ours.close();
            childs.close();
        }
    }

    /** A file that is copied to a slow user must not lose its end. */
    @Test
    void whatTheProcessWroteReachesWhoTakesItSlowly() throws Exception {
        byte[] written = new byte[200_000];
        OutputPump pump = OutputPump.start(
                new ByteArrayInputStream(written),
                (content, count) -> {
                    Thread.sleep(SLOWLY);
                    taken.write(content, 0, count);
                },
                "pump");

        pump.awaitEnd();

        assertThat(taken.size()).isEqualTo(written.length);
    }

    @Test
    void whoTakesNothingMoreIsNotWaitedForAndTheProcessIsTold() throws Exception {
        AtomicBoolean closed = new AtomicBoolean();
        OutputPump pump = OutputPump.start(
                new ByteArrayInputStream(new byte[200_000]) {
                    @Override
                    public void close() {
                        closed.set(true);
                    }
                },
                (content, count) -> {
                    throw new IOException("the user has gone");
                },
                "pump");

        pump.awaitEnd();

        assertThat(closed).isTrue();
    }

    /** One that was left behind, by a process that has ended. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aChildThatHoldsTheOutputAndWritesNowAndThenIsNotWaitedFor() throws Exception {
        CompletableFuture<Integer> exit = new CompletableFuture<>();
        try (Pipe pipe = Pipe.open()) {
            Thread child = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        pipe.childs().output().write('.');
                        Thread.sleep(1);
                    }
                } catch (IOException | InterruptedException e) {
                    // Nobody reads any more.
                }
            });
            OutputPump pump = OutputPump.start(
                    pipe.ours().pipedUntil(exit),
                    (content, count) -> {
                        Thread.sleep(2);
                        taken.write(content, 0, count);
                    },
                    "pump");
            exit.complete(0);

            pump.awaitEnd();

            child.join();
        }
    }

    /** As {@code yes &} does. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aChildThatWritesAsFastAsItCanIsNotWaitedForEither() throws Exception {
        CompletableFuture<Integer> exit = new CompletableFuture<>();
        try (Pipe pipe = Pipe.open()) {
            pipe.childs().output().write("before".getBytes(UTF_8));
            Thread child = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        pipe.childs().output().write(new byte[100_000]);
                    }
                } catch (IOException e) {
                    // Nobody reads any more.
                }
            });
            exit.complete(0);
            OutputPump pump = OutputPump.start(
                    pipe.ours().pipedUntil(exit), (content, count) -> taken.write(content, 0, count), "pump");

            pump.awaitEnd();

            assertThat(taken.toString(UTF_8)).startsWith("before");
            assertThat(taken.size()).as("a pipe of usual size").isLessThanOrEqualTo(1 << 16);
            child.join();
        }
    }
}
