package dev.agentcontainers.nodeagent.linux.rootless;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdMapTest {
    @Test
    void rootIsTheUserAndTheOthersAreSubordinateIdsOneAfterTheOther() {
        IdMap map = new IdMap(
                1000,
                new SubordinateIds(100_000, 65_536),
                List.of(new IdRange(2_140_000_000L, 65_535), new IdRange(1_900_000_000L, 1)));

        assertThat(map.arguments())
                .containsExactly("0", "1000", "1", "2140000000", "100000", "65535", "1900000000", "165535", "1");
    }

    /** What distributions give each user. */
    @Test
    void aRunTakesAllOfTheUsual65536Ids() {
        assertThat(IdMap.needed(LinuxPlatform.ids(StandaloneRun.rootlessSettings(), StandaloneRun.rootlessFence())))
                .isEqualTo(65_536);
    }
}
