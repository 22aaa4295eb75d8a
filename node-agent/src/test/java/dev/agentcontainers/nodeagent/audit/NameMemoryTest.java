package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.audit.NameMemory.Names;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NameMemoryTest {
    private static final String ADDRESS = "203.0.113.8";
    /** Such times may have any sign, and run over. */
    private static final long NOW = Duration.ofNanos(Long.MAX_VALUE - 5).toNanos();

    private static final long LONGEST = NameMemory.LONGEST.toNanos();

    private final NameMemory memory = NameMemory.fromItsBeginning(NOW);

    @Test
    void eachNameOfAnAddressIsKnownTheLastOneFirst() {
        memory.put(ADDRESS, "a.example.org", NOW);
        memory.put(ADDRESS, "b.example.org", NOW + 1);
        memory.put(ADDRESS, "a.example.org", NOW + 2);

        assertThat(memory.of(ADDRESS, NOW + 3)).isEqualTo(new Names(List.of("a.example.org", "b.example.org"), true));
        assertThat(memory.of("203.0.113.9", NOW + 3)).isEqualTo(new Names(List.of(), true));
    }

    @Test
    void aNameThatWasOneTooManyMayLeadThereUntilItsTimeIsOver() {
        for (int name = 0; name <= NameMemory.MOST_NAMES; name++) {
            memory.put(ADDRESS, "n%d.example.org".formatted(name), NOW + name);
        }
        memory.put("203.0.113.9", "other.example.org", NOW);

        assertThat(memory.of(ADDRESS, NOW + 10).all())
                .hasSize(NameMemory.MOST_NAMES)
                .doesNotContain("n0.example.org");
        assertThat(memory.of(ADDRESS, NOW + LONGEST - 1).complete()).isFalse();
        assertThat(memory.of("203.0.113.9", NOW + LONGEST - 1).complete()).isTrue();
        assertThat(memory.of(ADDRESS, NOW + LONGEST).complete()).isTrue();
    }

    @Test
    void anAddressThatWasOneTooManyMayHaveHadNamesUntilTheirTimeIsOver() {
        memory.put(ADDRESS, "a.example.org", NOW);
        for (int address = 0; address < NameMemory.MOST_ADDRESSES; address++) {
            memory.put("10.0.%d.%d".formatted(address / 256, address % 256), "b.example.org", NOW + 1);
        }
        memory.put(ADDRESS, "b.example.org", NOW + 2);

        assertThat(memory.of(ADDRESS, NOW + 3)).isEqualTo(new Names(List.of("b.example.org"), false));
        assertThat(memory.of(ADDRESS, NOW + 1 + LONGEST).complete()).isTrue();
    }

    @Test
    void whatIsForgottenAfterItsTimeIsMissedByNobody() {
        memory.put(ADDRESS, "a.example.org", NOW);
        for (int name = 0; name < NameMemory.MOST_NAMES; name++) {
            memory.put(ADDRESS, "n%d.example.org".formatted(name), NOW + LONGEST);
        }

        assertThat(memory.of(ADDRESS, NOW + LONGEST).complete()).isTrue();
    }

    @Test
    void anEarlierProcessMayHaveToldNames() {
        NameMemory later = NameMemory.fromNowOn(NOW);
        later.put(ADDRESS, "a.example.org", NOW);

        assertThat(later.of(ADDRESS, NOW + LONGEST - 1).complete()).isFalse();
        assertThat(later.of("203.0.113.9", NOW + LONGEST - 1).complete()).isFalse();
        assertThat(later.of(ADDRESS, NOW + LONGEST)).isEqualTo(new Names(List.of("a.example.org"), true));
    }
}
