package dev.agentcontainers.bench.density;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class TracesTest {
    private static final Traces BEFORE = new Traces(Map.of("mounts", 2L, "files", 40L));

    @Test
    void theSameIsNothingBeyond() {
        assertThat(new Traces(Map.of("files", 40L, "mounts", 2L)).beyond(BEFORE))
                .isEmpty();
    }

    @Test
    void oneMoreOfAKindIsFound() {
        assertThat(new Traces(Map.of("mounts", 3L, "files", 40L)).beyond(BEFORE))
                .containsExactly("mounts: 3, before 2");
    }

    @Test
    void fewerOfOneKindDoNotMakeUpForMoreOfAnother() {
        assertThat(new Traces(Map.of("mounts", 0L, "files", 41L)).beyond(BEFORE))
                .containsExactly("files: 41, before 40");
    }

    @Test
    void aKindThatWasNotThereIsFound() {
        assertThat(new Traces(Map.of("loop devices", 1L)).beyond(BEFORE)).containsExactly("loop devices: 1, before 0");
    }

    @Test
    void allKindsAreCountedTogether() {
        assertThat(BEFORE.sum()).isEqualTo(42);
    }
}
