package dev.agentcontainers.cli.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.protocol.AgentUsage;
import java.util.List;
import org.junit.jupiter.api.Test;

class UsageTableTest {
    private static final String TIME = "2026-01-01T00:00:00Z";

    private static final AgentUsage ALL =
            new AgentUsage(TIME, 250L, 1000L, 5L, 500L, (52L << 20) + 1, 512L << 20, 3L, 50L, 10L << 20, 64L << 20, 0L);

    private static final AgentUsage NOTHING =
            new AgentUsage(TIME, null, null, null, null, null, null, null, null, null, null, null);

    @Test
    void amountsInColumnsAndADashForWhatIsNotKnown() {
        List<UsedAgent> agents = List.of(
                new UsedAgent("team-a", "coder", "node-1", ALL), new UsedAgent("b", "researcher", "n", NOTHING));
        assertThat(UsageTable.ofAgents(agents, false).lines())
                .containsExactly(
                        "NAME         NODE     CPU    CPU%   MEMORY   MEMORY%   PIDS   STORAGE   STORAGE%",
                        "coder        node-1   250m   50%    53Mi     10%       3      10Mi      16%",
                        "researcher   n        -      -      -        -         -      -         -");
        assertThat(UsageTable.ofAgents(agents, true).lines().getFirst()).startsWith("NAMESPACE   NAME");
    }

    @Test
    void ofANodeWhatIsKnownIsTheLeast() {
        assertThat(new NodeSum("node-1", 2, List.of(ALL, ALL), 2000L, 1L << 30).row())
                .containsExactly("node-1", "2", "500m", "25%", "105Mi", "10%", "6", "20Mi");
        assertThat(new NodeSum("node-1", 3, List.of(ALL, NOTHING), null, null).row())
                .containsExactly("node-1", "2/3", "250m+", "-", "53Mi+", "-", "3+", "10Mi+");
        assertThat(new NodeSum("node-1", 3, List.of(ALL, NOTHING), 2000L, 1L << 30).row())
                .containsExactly("node-1", "2/3", "250m+", "13%+", "53Mi+", "5%+", "3+", "10Mi+");
        assertThat(new NodeSum("node-1", 0, List.of(), 2000L, 1L << 30).row())
                .containsExactly("node-1", "0", "0m", "0%", "0Mi", "0%", "0", "0Mi");
    }
}
