package dev.agentcontainers.egressproxy.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.Audit;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeptDecisionsTest {
    private final KeptDecisions decisions = new KeptDecisions(800);

    private void add(String agent, int count) {
        for (int i = 0; i < count; i++) {
            decisions.add(new NameDecision(i, agent, "name", "A", NameVerdict.DENIED, null, List.of(), 1));
        }
    }

    private long kept(String agent) {
        long count = 0;
        for (var audit = decisions.take(); audit.isPresent(); audit = decisions.take()) {
            count += audit.map(Audit::decisions).orElseThrow().stream()
                    .filter(decision -> decision.agent().equals(agent))
                    .count();
        }
        return count;
    }

    @Test
    void aFloodOfOneLeavesRoomForOthers() {
        add("flooder", 10_000);
        add("other", 50);

        assertThat(kept("other")).isEqualTo(50);
    }

    @Test
    void whatWasToldCountsNoLonger() {
        add("flooder", 10_000);
        assertThat(kept("flooder")).isEqualTo(100);

        add("flooder", 100);
        assertThat(kept("flooder")).isEqualTo(100);
    }

    @Test
    void whatIsNotKeptIsCounted() {
        add("flooder", 130);

        assertThat(decisions.take())
                .hasValueSatisfying(audit -> assertThat(audit.dropped()).isEqualTo(30));
        assertThat(decisions.take()).isEmpty();
    }
}
