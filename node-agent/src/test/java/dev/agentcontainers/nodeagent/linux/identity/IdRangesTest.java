package dev.agentcontainers.nodeagent.linux.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdRangesTest {
    @TempDir
    Path state;

    private Path sandboxes;

    @BeforeEach
    void makeDirectory() throws IOException {
        sandboxes = Files.createDirectory(state.resolve("sandboxes"));
    }

    private IdRanges ranges(int count) {
        return new IdRanges(sandboxes, new IdRange(200_000_000, count * IdRange.PER_SANDBOX));
    }

    private IdRange of(IdRanges ranges, String sandbox) throws IOException {
        Files.createDirectories(sandboxes.resolve(sandbox));
        return ranges.of(sandbox);
    }

    @Test
    void aRangeIsKeptAcrossRestarts() throws IOException {
        IdRange range = of(ranges(4), "a");
        assertThat(of(ranges(4), "b").first()).isEqualTo(range.first() + 65_536);
        assertThat(of(ranges(4), "a")).isEqualTo(range);
    }

    @Test
    void aReleasedRangeIsUsedAgain() throws IOException {
        IdRange range = of(ranges(1), "a");
        assertThatThrownBy(() -> of(ranges(1), "b")).hasMessageContaining("all 1 ranges of user ids");
        ranges(1).release("a");
        assertThat(of(ranges(1), "b")).isEqualTo(range);
    }

    @Test
    void fewerThanASandboxUsuallyHasAreOneSandboxes() throws IOException {
        IdRanges few = new IdRanges(sandboxes, new IdRange(200_000_000, 65_535));

        assertThat(of(few, "a")).isEqualTo(new IdRange(200_000_000, 65_535));
        assertThat(of(few, "a")).isEqualTo(new IdRange(200_000_000, 65_535));
        assertThatThrownBy(() -> of(few, "b")).hasMessageContaining("all 1 ranges of user ids");
    }

    @Test
    void aHalfWrittenRecordCountsAsNone() throws IOException {
        Files.createDirectories(sandboxes.resolve("a"));
        Files.writeString(sandboxes.resolve("a/identity.draft"), "2000");
        assertThat(of(ranges(2), "a").first()).isEqualTo(200_000_000);
    }

    @Test
    void concurrentSandboxesGetDifferentRanges() throws Exception {
        Set<Long> firsts = ConcurrentHashMap.newKeySet();
        IdRanges ranges = ranges(50);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> results = IntStream.range(0, 50)
                    .mapToObj(i ->
                            executor.submit(() -> firsts.add(of(ranges, "s" + i).first())))
                    .toList();
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        }
        assertThat(firsts).hasSize(50);
    }

    @Test
    void idsOfTheHostItselfAreRefused() {
        assertThatThrownBy(() -> new IdRange(1000, 65_536)).hasMessageContaining("must lie between");
        assertThatThrownBy(() -> new IdRange(0xffff_ff00L, 65_536)).hasMessageContaining("must lie between");
    }
}
