package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.strength.GivenStrength;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The fleet's agents and users' runs share one machine. */
class PresentNodeTest {
    private static final MachineFacts MACHINE =
            new FakeMachine().facts(new NodeSettings("node", Path.of("state"), Path.of("run"), 0, 65_536, 1));

    /** The machine has 4000 thousandths. */
    @ParameterizedTest(name = "{0} % of the fleet, {1} % of users: {2}")
    @CsvSource({"80, 0, 3200", "100, 0, 4000", "80, 20, 3200", "100, 20, 3200", "80, 30, 2800", "10, 30, 400"})
    void theFleetGetsNothingThatIsTheUsers(int ofFleet, int ofUsers, long cpuMillis) {
        NodeDrivers none = new NodeDrivers(
                List.of(), new GivenStrength(), new StrengthReports(Path.of("strength")), Duration.ofHours(1));
        PresentNode node = new PresentNode(MACHINE, "0.1.0", 10, 50, ofUsers, none, List::of);
        node.share(ofFleet);

        assertThat(node.get().allocatable().cpuMillis()).hasValue(cpuMillis);
        assertThat(node.get().sharePercent() + ofUsers).isLessThanOrEqualTo(100);
    }
}
