package dev.agentcontainers.localcluster.existing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.SharedControlPlane;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReview;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
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

        existing.close();
        try (KubernetesClient admin = shared.adminClient()) {
            assertThat(admin.namespaces().withName("default").get()).isNotNull();
        }
    }

    @Test
    void aServiceAccountActsWithItsOwnRights() {
        ControlPlane existing = existing();
        try (KubernetesClient user =
                existing.clientFor("system:serviceaccount:default:default", "system:serviceaccounts")) {
            assertThat(nameOf(user)).isEqualTo("system:serviceaccount:default:default");
            assertThatThrownBy(() -> user.secrets().inNamespace("kube-system").list())
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContaining("system:serviceaccount:default:default");
        }
        assertThatThrownBy(() -> existing.kubeconfigFor("system:serviceaccount:default:absent"))
                .isInstanceOf(MissingPrerequisiteException.class)
                .hasMessageContaining("ServiceAccount absent of namespace default (it must be created before)");
        assertThatThrownBy(() -> existing.kubeconfigFor("system:serviceaccount:default:default", "team-a"))
                .isInstanceOf(MissingPrerequisiteException.class)
                .hasMessageContaining("can't say that it is in group team-a");
        existing.close();
    }

    @Test
    void anyOtherUserGetsACertificateAndLeavesNoRequest() throws IOException {
        ControlPlane existing = existing();
        Path kubeconfig = existing.kubeconfigFor("ada", "team-a", "team-b");
        try (KubernetesClient user = existing.clientFor("ada", "team-a", "team-b");
                KubernetesClient admin = existing.adminClient()) {
            SelfSubjectReview review = user.resource(new SelfSubjectReview()).create();
            assertThat(review.getStatus().getUserInfo().getUsername()).isEqualTo("ada");
            assertThat(review.getStatus().getUserInfo().getGroups()).contains("team-a", "team-b");
            assertThatThrownBy(() -> user.namespaces().list()).hasMessageContaining("ada");
            assertThat(admin.certificates()
                            .v1()
                            .certificateSigningRequests()
                            .list()
                            .getItems())
                    .isEmpty();
        }
        assertThat(Files.getPosixFilePermissions(kubeconfig))
                .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
        assertThatThrownBy(() -> existing.kubeconfigFor("mallory", "system:masters"))
                .isInstanceOf(MissingPrerequisiteException.class)
                .hasMessageContaining("takes no certificate request for mallory");

        existing.close();
        assertThat(kubeconfig).doesNotExist();
    }

    private static String nameOf(KubernetesClient client) {
        return client.resource(new SelfSubjectReview())
                .create()
                .getStatus()
                .getUserInfo()
                .getUsername();
    }

    private static ControlPlane existing() {
        return new ExistingControlPlane(SharedControlPlane.get().kubeconfig(), Map.of());
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
