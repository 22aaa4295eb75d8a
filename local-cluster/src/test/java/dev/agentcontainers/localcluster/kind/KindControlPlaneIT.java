package dev.agentcontainers.localcluster.kind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.binaries.BinaryCache;
import dev.agentcontainers.localcluster.selection.HostEnvironment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cluster")
class KindControlPlaneIT {

    @Test
    void servesAnAdministratorAndRefusesOthers() {
        assumeTrue(
                HostEnvironment.of(System.getenv(), BinaryCache.of(System.getenv()))
                        .containerEngine()
                        .isPresent(),
                "no container engine answers here");
        try (ControlPlane controlPlane = KindControlPlane.start(ControlPlaneOptions.defaults());
                KubernetesClient admin = controlPlane.adminClient();
                KubernetesClient user = controlPlane.clientFor("mallory")) {
            assertThat(admin.nodes().list().getItems()).isNotEmpty();
            assertThatThrownBy(() -> user.nodes().list())
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContaining("User \"mallory\" cannot list");
        }
    }
}
