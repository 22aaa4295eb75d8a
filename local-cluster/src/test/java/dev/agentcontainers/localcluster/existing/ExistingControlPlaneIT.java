package dev.agentcontainers.localcluster.existing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.SharedControlPlane;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cluster")
class ExistingControlPlaneIT {

    @Test
    void usesTheClusterThatItIsToldToAndLeavesItRunning() {
        ControlPlane shared = SharedControlPlane.get();
        Map<String, String> environment = Map.of(
                "AGENTCONTAINERS_CONTROL_PLANE",
                "existing",
                "KUBECONFIG",
                shared.kubeconfig().toString(),
                "PATH",
                String.valueOf(shared.kubectl().getParent()));
        ControlPlane existing =
                ControlPlanes.with(environment, ControlPlaneOptions.defaults()).temporary();

        assertThat(existing.kubeconfig()).isEqualTo(shared.kubeconfig());
        assertThat(existing.apiServer().getPort()).isEqualTo(shared.apiServer().getPort());
        assertThat(existing.certificateAuthority()).isEqualTo(shared.certificateAuthority());
        assertThat(existing.kubectl()).isEqualTo(shared.kubectl());
        assertThatThrownBy(() -> existing.kubeconfigFor("mallory")).isInstanceOf(UnsupportedOperationException.class);

        existing.close();
        try (KubernetesClient admin = shared.adminClient()) {
            assertThat(admin.namespaces().withName("default").get()).isNotNull();
        }
    }

    @Test
    void saysThatKubectlIsMissing() {
        ControlPlane existing =
                new ExistingControlPlane(SharedControlPlane.get().kubeconfig(), Map.of());

        assertThatThrownBy(existing::kubectl)
                .isInstanceOf(MissingPrerequisiteException.class)
                .hasMessageContaining("no kubectl on the PATH");
    }
}
