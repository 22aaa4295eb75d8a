package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MostAgentsTest {
    @ParameterizedTest
    @CsvSource({
        "100.80.4.0/22, 655360000, 1021",
        "100.80.0.0/28, 655360000, 13",
        "100.80.0.0/16, 655360000, 10000",
        "100.80.4.0/22, 65536,     1",
    })
    void asManyAsThereAreAddressesAndUserIds(String cidr, long userIds, long agents) {
        assertThat(MostAgents.of(cidr, userIds)).isEqualTo(agents);
    }
}
