package dev.agentcontainers.operator.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.operator.enrolment.BootstrapTokens;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.client.GatewayTrust;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The operator as it is shipped, with the rights that are shipped with it: a machine joins. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class OperatorGatewayIT {
    @TempDir
    Path folder;

    @Test
    void aMachineJoinsTheOperator() throws Exception {
        TestCluster cluster = TestCluster.get();
        KubernetesClient admin = cluster.admin();
        Path rights = TestCluster.projectRoot().resolve("helm/agentcontainers/files/gateway-rbac.yaml");
        admin.load(Files.newInputStream(rights)).serverSideApply();
        try (OperatorProcess ignored =
                OperatorProcess.start(cluster, "gateway", List.of("agentcontainers.gateway.port=0"))) {
            ConfigMap published = await().atMost(Duration.ofSeconds(90))
                    .until(
                            () -> admin.configMaps()
                                    .inNamespace(TestCluster.SYSTEM_NAMESPACE)
                                    .withName(GatewayPaths.CONFIG_MAP)
                                    .get(),
                            Objects::nonNull);
            String token = new BootstrapTokens(admin, TestCluster.SYSTEM_NAMESPACE, Clock.systemUTC())
                    .create(new Terms(Duration.ofHours(1), "joining", 1))
                    .value();

            NodeIdentity identity = new Enrolment(new IdentityFiles(folder))
                    .join(new Invitation(
                            URI.create(entry(published, GatewayPaths.CONFIG_URL)),
                            GatewayTrust.Authority.ofPem(entry(published, GatewayPaths.CONFIG_AUTHORITY)),
                            token,
                            "joining",
                            Map.of()));

            assertThat(identity.grant().namespace()).isEqualTo("agentnode-joining");
        }
    }

    private static String entry(ConfigMap map, String key) {
        return Objects.requireNonNull(map.getData().get(key), key);
    }
}
