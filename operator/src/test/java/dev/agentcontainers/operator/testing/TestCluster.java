package dev.agentcontainers.operator.testing;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.audit.AuditLog;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/** A real control plane with the API and the operator's rights installed; one for all tests of this JVM. */
public final class TestCluster {
    /** Where the operator runs. */
    public static final String SYSTEM_NAMESPACE = "agentcontainers-system";

    private static final Duration CLEARED = Duration.ofSeconds(90);
    private static final TestCluster INSTANCE = new TestCluster();

    private final ControlPlane controlPlane =
            ControlPlanes.with(ControlPlaneOptions.defaults().withAuditLog()).temporary();
    private final KubernetesClient admin = controlPlane.adminClient();

    private TestCluster() {
        namespace(SYSTEM_NAMESPACE);
        ApiManifests.all().forEach(manifest -> apply(manifest.yaml()));
        apply(read(projectRoot().resolve("helm/agentcontainers/files/operator-rbac.yaml")));
        apply(read(projectRoot().resolve("helm/agentcontainers/files/pods-rbac.yaml")));
        apply(read(projectRoot().resolve("helm/agentcontainers/files/finalizer.yaml")));
    }

    public static TestCluster get() {
        return INSTANCE;
    }

    public static Path projectRoot() {
        return Path.of(System.getProperty("project.root"));
    }

    public ControlPlane controlPlane() {
        return controlPlane;
    }

    /** What its API server was asked. */
    public AuditLog audit() {
        return new AuditLog(controlPlane().auditLog().orElseThrow());
    }

    public KubernetesClient admin() {
        return admin;
    }

    /** A new namespace for a user. */
    public String newNamespace() {
        return namespace("team-" + UUID.randomUUID().toString().substring(0, 8));
    }

    /** The kubeconfig of the operator's own ServiceAccount: exactly the rights that the chart gives it. */
    public Path operatorKubeconfig() {
        return controlPlane.kubeconfigFor(
                "system:serviceaccount:%s:agentcontainers-operator".formatted(SYSTEM_NAMESPACE),
                "system:serviceaccounts",
                "system:serviceaccounts:" + SYSTEM_NAMESPACE);
    }

    /** Deletes all agents, then all nodes. To be called while operator and nodes still answer. */
    public void clear() {
        admin.resources(AgentContainer.class)
                .inAnyNamespace()
                .list()
                .getItems()
                .forEach(agent -> admin.resource(agent).delete());
        await().atMost(CLEARED)
                .until(() -> admin.resources(AgentContainer.class)
                        .inAnyNamespace()
                        .list()
                        .getItems()
                        .isEmpty());
        admin.resources(AgentNode.class).delete();
        await().atMost(CLEARED)
                .until(() -> admin.resources(AgentNode.class).list().getItems().isEmpty());
    }

    private String namespace(String name) {
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
        return name;
    }

    private void apply(String yaml) {
        admin.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .serverSideApply();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
