package dev.agentcontainers.nodeagent.image.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamedLocksTest {
    private static final Optional<Program> PYTHON = Program.find("python3");

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
        assumeTrue(PYTHON.isPresent(), "needs python3 as another process");
        try (NamedLocks.Held _ = locks.hold("a")) {
            Thread.currentThread().interrupt();
            locks.tryHold("b").orElseThrow().close();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(isLockedElsewhere("a")).isTrue();
        }
        assertThat(isLockedElsewhere("a")).isFalse();
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

    /** As another process sees it: this one's own view would not show what the kernel has. */
    private boolean isLockedElsewhere(String name) throws IOException, InterruptedException {
        Process python =
                new ProcessBuilder(PYTHON.orElseThrow().path().toString(), "-c", """
            import fcntl, hashlib, os, sys
            place = int.from_bytes(hashlib.sha256(sys.argv[2].encode()).digest()[:8], 'big') & (2**62 - 1)
            file = os.open(sys.argv[1], os.O_WRONLY)
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                sys.exit(3)
            """, file.toString(), name).start();
        return python.waitFor() == 3;
    }
}
