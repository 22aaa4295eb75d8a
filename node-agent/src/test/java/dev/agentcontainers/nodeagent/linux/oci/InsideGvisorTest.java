package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class InsideGvisorTest {
    private static final String TABLE = """
            UID       PID       PPID      C         TTY       STIME     TIME      CMD
            0         1         0         0         ?         22:14     20ms      sleep
            0         7         0         0         pts/1     22:15     0s        sh
            0         8         7         0         ?         22:15     10ms      sleep
            1000      12        8         0         ?         22:15     10ms      12 13 14

            """;

    private static final String WITH_GROUPS = """
            UID       PID       PPID      PGID      C         TTY       STIME     TIME        CMD
            0         1         0         1         0         ?         Nov26     505.262µs   sleep
            0         7         0         7         99        pts/1     2025      1h2m3.5s    sh
            0         8         7         7         0         ?         22:15     0s          \s
            1000      12        8         12        0         ?         22:15     10ms        a\rb\u2028c

            """;

    @Test
    void parentsAreReadFromTheTable() {
        assertThat(InsideGvisor.parents(TABLE)).isEqualTo(Map.of(1, 0, 7, 0, 8, 7, 12, 8));
    }

    @Test
    void parentsAreReadFromTheTableOfANewerOne() {
        assertThat(InsideGvisor.parents(WITH_GROUPS)).isEqualTo(Map.of(1, 0, 7, 0, 8, 7, 12, 8));
    }

    @Test
    void theTreeHasTheParentFirstAndNobodyElse() {
        assertThat(InsideGvisor.tree(7, InsideGvisor.parents(TABLE))).containsExactly(7, 8, 12);
        assertThat(InsideGvisor.tree(99, InsideGvisor.parents(TABLE))).containsExactly(99);
        assertThat(InsideGvisor.tree(99, InsideGvisor.parents("no table"))).containsExactly(99);
    }

    /** A program may give itself any name of 15 bytes, and gVisor puts blanks in the place of tabs. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\n0 57 57 x",
                "\n0 7 7 x",
                "\n0 1 7 0 ? 2 s ",
                "\n0 99999999999",
                "\n0         1         7         0         ?         0         s         ",
                "\n0         1         7         0         ?         2026      ",
                "\n0         0         7         0         ?         2026      0s        ",
                "\r0         1         7         0         ?         2026      0s        ",
            })
    void aNameMakesNoRow(String name) {
        String forged = TABLE.replace("12 13 14", name);
        assertThat(InsideGvisor.parents(forged)).isEqualTo(InsideGvisor.parents(TABLE));
        assertThat(InsideGvisor.parents(TABLE.replaceFirst("sleep", name))).isEqualTo(InsideGvisor.parents(TABLE));
    }

    /** As no program of today's gVisor can. */
    @Test
    void aProcessWithTwoRowsIsNobodysChild() {
        String forged = TABLE.replace(
                "12 13 14",
                "x\n0         1         8         0         ?         22:15     10ms      y"
                        + "\n0         8         8         0         ?         22:15     10ms      z");
        assertThat(InsideGvisor.parents(forged)).isEqualTo(Map.of(7, 0, 12, 8));
        assertThat(InsideGvisor.tree(7, InsideGvisor.parents(forged))).containsExactly(7);
    }

    @Test
    void aCircleEnds() {
        assertThat(InsideGvisor.tree(57, Map.of(57, 57))).containsExactly(57);
        assertThat(InsideGvisor.tree(1, Map.of(1, 3, 2, 1, 3, 2))).containsExactly(1, 2, 3);
    }

    @Test
    void whatRunscSaysLateIsWaitedFor(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("pid");
        CompletableFuture<Void> writing = CompletableFuture.runAsync(
                () -> write(file), CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));
        assertThat(InsideGvisor.isThere(file, new CompletableFuture<>(), Duration.ofMinutes(1)))
                .isTrue();
        writing.get();
    }

    private static void write(Path file) {
        assertThatCode(() -> Files.writeString(file, "7")).doesNotThrowAnyException();
    }

    /** Nor does an interrupt shorten that. */
    @Test
    void whatRunscDoesNotSayIsWaitedForNoLongerThanItsTime(@TempDir Path folder) {
        Thread.currentThread().interrupt();
        long before = System.nanoTime();
        assertThat(InsideGvisor.isThere(folder.resolve("pid"), new CompletableFuture<>(), Duration.ofMillis(300)))
                .isFalse();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void afterItsEndRunscSaysNothing(@TempDir Path folder) {
        assertThat(InsideGvisor.isThere(
                        folder.resolve("pid"), CompletableFuture.completedFuture(0), Duration.ofMinutes(1)))
                .isFalse();
    }

    @Test
    void whoeverIsInTheTreeIsKilledByItsPid() {
        assertThat(InsideGvisor.targets(List.of(7, 8))).containsExactly(List.of("--pid", "7"), List.of("--pid", "8"));
    }

    @Test
    void ofTooManyTheGroupIsKilledAtOnceAndAFewOneByOne() {
        List<Integer> tree =
                IntStream.rangeClosed(7, 7 + InsideGvisor.MOST).boxed().toList();
        assertThat(InsideGvisor.targets(tree))
                .hasSize(1 + InsideGvisor.MOST)
                .startsWith(List.of("--pgid", "7"), List.of("--pid", "7"), List.of("--pid", "8"))
                .endsWith(List.of("--pid", Integer.toString(6 + InsideGvisor.MOST)));
    }
}
