package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An operator that can't begin ends, so that whoever looks after it starts it again: it never stays there and does nothing. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class StartIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void withoutRightsItEnds() {
        assertThat(exitCode("start-without-rights", "system:serviceaccount:nowhere:nobody", "default"))
                .isEqualTo(1);
    }

    @Test
    void withoutTheRightToItsLeaseItEnds() {
        assertThat(exitCode("start-without-lease", operator(), "default")).isEqualTo(1);
    }

    private static int exitCode(String name, String user, String leaseNamespace) {
        String kubeconfig = TestCluster.get().controlPlane().kubeconfigFor(user).toString();
        try (OperatorProcess process = OperatorProcess.start(
                name,
                List.of("agentcontainers.operator.leader.namespace=" + leaseNamespace),
                Map.of("KUBECONFIG", kubeconfig),
                List.of())) {
            return process.awaitExit(SOON);
        }
    }

    private static String operator() {
        return "system:serviceaccount:%s:agentcontainers-operator".formatted(TestCluster.SYSTEM_NAMESPACE);
    }
}
