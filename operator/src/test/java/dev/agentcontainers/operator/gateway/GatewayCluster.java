package dev.agentcontainers.operator.gateway;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.SharedControlPlane;
import dev.agentcontainers.operator.enrolment.BootstrapTokens;
import dev.agentcontainers.operator.enrolment.EnrolmentSettings;
import dev.agentcontainers.protocol.NodeGrant;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A gateway at work on a real API server, as a user with no more rights than {@code gateway-rbac.yaml} gives, and in
 * place of the operator's controllers something that makes nodes' namespaces.
 */
final class GatewayCluster implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    final ControlPlane controlPlane = SharedControlPlane.get();
    final KubernetesClient admin = controlPlane.adminClient();
    final String namespace = "operator-" + UUID.randomUUID().toString().substring(0, 8);
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final String enroller = "system:serviceaccount:" + namespace + ":enroller";
    final BootstrapTokens tokens = new BootstrapTokens(admin, namespace, Clock.systemUTC());
    private final Vertx vertx = Vertx.vertx();
    private final KubernetesClient operator;
    private final NodeNamespaces namespaces;
    Gateway gateway;

    GatewayCluster() {
        installApi();
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
        installGatewayRights();
        operator = controlPlane.clientFor("gateway-of-" + namespace);
        namespaces = new NodeNamespaces(admin);
        gateway = newGateway(0);
        gateway.start();
    }

    /** Stops the gateway and starts another at the same port, as a new leader would. */
    void restartGateway() {
        int port = gateway.port();
        gateway.close();
        gateway = newGateway(port);
        gateway.start();
    }

    private Gateway newGateway(int port) {
        return new Gateway(
                vertx,
                operator,
                namespace,
                GatewaySettings.loopback(port),
                EnrolmentSettings.of(new NodeGrant.ApiServer(
                                controlPlane.apiServer().toString(), controlPlane.certificateAuthority()))
                        .withAllowedServiceAccounts(Set.of(enroller)),
                meters,
                Clock.systemUTC());
    }

    private void installApi() {
        try (Stream<Path> files = Files.list(root().resolve("crds/yaml"))) {
            files.sorted().forEach(file -> load(file).forEach(this::apply));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> admin.resources(AgentNode.class).list());
    }

    private void apply(HasMetadata item) {
        admin.resource(item).forceConflicts().serverSideApply();
    }

    private List<HasMetadata> load(Path file) {
        try (var stream = Files.newInputStream(file)) {
            return admin.load(stream).items();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path root() {
        return Path.of(System.getProperty("project.root"));
    }

    private void installGatewayRights() {
        for (HasMetadata item : load(root().resolve("helm/agentcontainers/files/gateway-rbac.yaml"))) {
            if (item instanceof ClusterRoleBinding
                    || "kube-system".equals(item.getMetadata().getNamespace())) {
                // Bound to a user of this test's own below.
                continue;
            }
            if ("agentcontainers-system".equals(item.getMetadata().getNamespace())) {
                item.getMetadata().setNamespace(namespace);
            }
            apply(item);
        }
        load(root().resolve("helm/agentcontainers/files/operator-rbac.yaml")).stream()
                .filter(ClusterRole.class::isInstance)
                .forEach(this::apply);
        String user = "gateway-of-" + namespace;
        admin.resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName(user)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "agentcontainers-gateway")
                        .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                        .build())
                .create();
        bind(namespace, "agentcontainers-gateway", user);
        bind("kube-system", "extension-apiserver-authentication-reader", user);
    }

    private void bind(String where, String role, String user) {
        admin.resource(new RoleBindingBuilder()
                        .withNewMetadata()
                        .withNamespace(where)
                        .withName(user)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "Role", role)
                        .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                        .build())
                .create();
    }

    @Override
    public void close() {
        gateway.close();
        namespaces.close();
        operator.close();
        admin.namespaces().withName(namespace).delete();
        admin.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
