package dev.agentcontainers.nodeagent.image.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamedLocksTest {
    @TempDir
    Path folder;

    private Path file;
    private NamedLocks locks;

    @BeforeEach
    void open() throws IOException {
        file = folder.resolve("locks");
        locks = new NamedLocks(file);
    }

    @AfterEach
    void close() throws IOException {
        if (locks != null) {
            locks.close();
        }
    }

    @Test
    void aNameIsHeldByOneAtATime() throws Exception {
        CountDownLatch second = new CountDownLatch(1);
        try (NamedLocks.Held _ = locks.hold("a");
                NamedLocks.Held _ = locks.hold("b")) {
            assertThat(locks.tryHold("a")).isEmpty();
            Thread.ofVirtual().start(() -> {
                try (NamedLocks.Held _ = locks.hold("a")) {
                    second.countDown();
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(second.getCount()).isEqualTo(1);
        }
        assertThat(second.await(20, TimeUnit.SECONDS)).isTrue();
    }

    /** A thread that is interrupted closes the channel that it uses, and the kernel lets go of every lock then. */
    @Test
    void aThreadThatIsInterruptedTakesNothingFromOthers() throws Exception {
        assumeTrue(OtherProcess.canLook(), "needs python3 as another process");
        try (NamedLocks.Held _ = locks.hold("a")) {
            Thread.currentThread().interrupt();
            locks.tryHold("b").orElseThrow().close();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(OtherProcess.seesLocked(file, "a")).isTrue();
        }
        assertThat(OtherProcess.seesLocked(file, "a")).isFalse();
    }

    @Test
    void whoIsInterruptedWhileWaitingDoesNotHoldIt() throws Exception {
        Thread waiting;
        try (NamedLocks.Held _ = locks.hold("a")) {
            waiting = Thread.ofVirtual()
                    .start(() -> assertThatThrownBy(() -> locks.hold("a")).isInstanceOf(InterruptedException.class));
            waiting.interrupt();
            waiting.join(20_000);
        }
        assertThat(locks.tryHold("a")).isPresent();
        assertThat(Files.size(file)).isZero();
    }

    /** Should two be opened after all, none of them fails. */
    @Test
    void whatAnotherOfThisProcessHasIsHeldBySomebody() throws Exception {
        CountDownLatch got = new CountDownLatch(1);
        try (NamedLocks other = new NamedLocks(file)) {
            Thread waiting;
            try (NamedLocks.Held _ = other.hold("a")) {
                assertThat(locks.tryHold("a")).isEmpty();
                waiting = Thread.ofVirtual().start(() -> {
                    try (NamedLocks.Held _ = locks.hold("a")) {
                        got.countDown();
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
            }
            assertThat(waiting.join(Duration.ofSeconds(20))).isTrue();
            assertThat(got.getCount()).isZero();
        }
    }
}
