package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.operator.testing.TestCluster;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import io.fabric8.kubernetes.api.model.rbac.SubjectBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What somebody can't do who has stolen the operator's credential: with its identity, under the shipped roles and policies. */
@Tag("cluster")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperatorRightsIT {
    private static final String RBAC = "rbac.authorization.k8s.io";
    private static final String NODE = "agentnode-rights";
    private static final String OPERATOR =
            "system:serviceaccount:%s:agentcontainers-operator".formatted(TestCluster.SYSTEM_NAMESPACE);
    private static final String BINDS_NOTHING_ELSE = "an operator of AgentContainers binds a node's roles";
    private static final String OF_ITS_NODES_ONLY = "of its nodes only";

    private final KubernetesClient admin = TestCluster.get().admin();
    private final KubernetesClient operator =
            TestCluster.get().controlPlane().clientFor(OPERATOR, "system:serviceaccounts");
    private final String team = TestCluster.get().newNamespace();

    @BeforeAll
    void aNodesNamespaceIsThere() {
        await("admission policies are in force")
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThatThrownBy(() ->
                                create(operator, roleBinding(team, "agentcontainers-node-copies", user(OPERATOR))))
                        .hasMessageContaining(BINDS_NOTHING_ELSE));
        create(
                operator,
                new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NODE)
                        .endMetadata()
                        .build());
    }

    @AfterAll
    void close() {
        admin.namespaces().withName(NODE).delete();
        operator.close();
    }

    Stream<HasMetadata> refusedBindings() {
        Subject somebody = user("somebody");
        Subject nodeAgent = account("node-agent", NODE);
        return Stream.of(
                // A node's roles, outside nodes' namespaces.
                roleBinding(team, "agentcontainers-node-copies", user(OPERATOR)),
                roleBinding("kube-system", "agentcontainers-node-copies", user(OPERATOR)),
                roleBinding(team, "agentcontainers-node-namespace", nodeAgent),
                // In a node's namespace, to somebody else.
                roleBinding(NODE, "agentcontainers-node-namespace", somebody),
                roleBinding(NODE, "agentcontainers-node-namespace", account("node-agent", team)),
                roleBinding(NODE, "agentcontainers-node-namespace", account("another", NODE)),
                roleBinding(NODE, "agentcontainers-node-namespace", nodeAgent, somebody),
                roleBinding(NODE, "agentcontainers-node-copies", somebody),
                // What it holds itself.
                roleBinding(team, "agentcontainers-operator", somebody),
                roleBinding(NODE, "agentcontainers-operator", nodeAgent),
                clusterRoleBinding("agentcontainers-operator", somebody),
                clusterRoleBinding("agentcontainers-node-agent", somebody),
                clusterRoleBinding("agentcontainers-node-agent", account("node-agent", team)));
    }

    @ParameterizedTest
    @MethodSource("refusedBindings")
    void bindsNothingElse(HasMetadata binding) {
        assertThatThrownBy(() -> create(operator, binding))
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining(BINDS_NOTHING_ELSE);
    }

    @Test
    void changesAndDeletesNoOthersBinding() {
        ClusterRoleBinding others = create(admin, clusterRoleBinding("agentcontainers-node-agent", user("somebody")));
        assertThatThrownBy(() -> operator.resource(others).delete()).hasMessageContaining(BINDS_NOTHING_ELSE);
        assertThatThrownBy(() -> operator.resource(others)
                        .edit(binding -> new ClusterRoleBindingBuilder(binding)
                                .editMetadata()
                                .addToLabels("changed", "true")
                                .endMetadata()
                                .build()))
                .hasMessageContaining(BINDS_NOTHING_ELSE);
        admin.resource(others).delete();
    }

    @Test
    void bindsANodesRolesToItsNodeAgent() {
        Subject nodeAgent = account("node-agent", NODE);
        assertThat(create(operator, roleBinding(NODE, "agentcontainers-node-namespace", nodeAgent)))
                .isNotNull();
        assertThat(create(operator, roleBinding(NODE, "agentcontainers-node-copies", user(OPERATOR))))
                .isNotNull();
        ClusterRoleBinding ofNode = create(operator, clusterRoleBinding("agentcontainers-node-agent", nodeAgent));
        assertThat(operator.resource(ofNode).delete()).hasSize(1);
    }

    @Test
    void makesAndDeletesNoNamespaceButANodes() {
        assertThatThrownBy(() -> create(
                        operator,
                        new NamespaceBuilder()
                                .withNewMetadata()
                                .withName("not-a-nodes")
                                .endMetadata()
                                .build()))
                .hasMessageContaining(OF_ITS_NODES_ONLY);
        assertThatThrownBy(() -> operator.namespaces().withName(team).delete()).hasMessageContaining(OF_ITS_NODES_ONLY);
        assertThat(admin.namespaces().withName(team).require().getMetadata().getDeletionTimestamp())
                .isNull();
    }

    @Test
    void makesNoServiceAccountInAUsersNamespace() {
        var account = new ServiceAccountBuilder()
                .withNewMetadata()
                .withName("node-agent")
                .withNamespace(team)
                .endMetadata()
                .build();
        assertThatThrownBy(() -> create(operator, account)).hasMessageContaining(OF_ITS_NODES_ONLY);
    }

    private static <T extends HasMetadata> T create(KubernetesClient client, T object) {
        return client.resource(object).create();
    }

    private static RoleBinding roleBinding(String namespace, String role, Subject... subjects) {
        return new RoleBindingBuilder()
                .withNewMetadata()
                .withGenerateName("rights-")
                .withNamespace(namespace)
                .endMetadata()
                .withNewRoleRef(RBAC, "ClusterRole", role)
                .withSubjects(subjects)
                .build();
    }

    private static ClusterRoleBinding clusterRoleBinding(String role, Subject... subjects) {
        return new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withGenerateName("rights-")
                .endMetadata()
                .withNewRoleRef(RBAC, "ClusterRole", role)
                .withSubjects(subjects)
                .build();
    }

    private static Subject user(String name) {
        return new SubjectBuilder()
                .withApiGroup(RBAC)
                .withKind("User")
                .withName(name)
                .build();
    }

    private static Subject account(String name, String namespace) {
        return new SubjectBuilder()
                .withKind("ServiceAccount")
                .withName(name)
                .withNamespace(namespace)
                .build();
    }
}
