package dev.agentcontainers.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.Api;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What admission refuses beyond the schemas. */
@Tag("cluster")
class AdmissionPoliciesIT {
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);
    private static final String NO_FINALIZERS = "{\"metadata\":{\"finalizers\":null}}";
    private static final String EGRESS =
            "{\"spec\":{\"network\":{\"egress\":[{\"name\":\"%s\",\"to\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\"}}]}]}}}";

    @Test
    void inlineRulesAreRefusedWhereTheNamespaceForbidsThem() {
        AppliedApi api = AppliedApi.get();
        api.createNamespace("no-inline", Map.of(Api.INLINE_EGRESS_LABEL, "Forbidden"));

        assertThatThrownBy(() -> api.tryCreate(Manifests.example("no-inline")))
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining(
                        "spec.network.egress is not allowed here: namespace no-inline is labelled agentcontainers.dev/inline-egress=Forbidden");
        assertThat(api.tryCreate(Manifests.named("without", "no-inline"))).isNotNull();
    }

    @Test
    void rulesThatWereThereBeforeCanStayAndGo() {
        AppliedApi api = AppliedApi.get();
        api.createNamespace("late-label", Map.of());
        var agent = api.client().resource(Manifests.named("early", "late-label"));
        agent.create();
        agent.patch(MERGE, EGRESS.formatted("a"));
        api.createNamespace("late-label", Map.of(Api.INLINE_EGRESS_LABEL, "Forbidden"));

        assertThatThrownBy(() -> agent.patch(MERGE, EGRESS.formatted("b")))
                .hasMessageContaining("spec.network.egress is not allowed here");
        assertThat(agent.patch(MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"))
                .isNotNull();
        assertThat(agent.patch(MERGE, "{\"spec\":{\"network\":null}}")).isNotNull();
    }

    @Test
    void whoMayEditAgentsDoesNotTakeTheirFinalizerAway() {
        AppliedApi api = AppliedApi.get();
        api.createNamespace("kept", Map.of());
        bind(api, "editor", "agentcontainers-edit");
        bind(api, "editor", "agentcontainers-view");
        try (KubernetesClient editor = api.controlPlane().clientFor("editor")) {
            var agent = editor.resource(Manifests.named("precious", "kept"));
            agent.create();

            assertThat(agent.patch(MERGE, NO_FINALIZERS).getFinalizers())
                    .as("of an agent that is to stay")
                    .containsExactly(Api.FINALIZER);
            GenericKubernetesResource replaced = Manifests.named("precious", "kept");
            replaced.getMetadata().setResourceVersion(agent.get().getMetadata().getResourceVersion());
            assertThat(editor.resource(replaced).update().getFinalizers())
                    .as("after kubectl replace")
                    .containsExactly(Api.FINALIZER);

            agent.delete();
            assertThatThrownBy(() -> agent.patch(MERGE, NO_FINALIZERS))
                    .satisfies(AdmissionPoliciesIT::isForbidden)
                    .hasMessageContaining(
                            "metadata.finalizers: agentcontainers.dev/cleanup is removed by the operator");
            assertThat(agent.patch(MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}")
                            .getFinalizers())
                    .containsExactly(Api.FINALIZER);
        }
    }

    @Test
    void whoMayUpdateTheFinalizersTakesThemAway() {
        AppliedApi api = AppliedApi.get();
        api.createNamespace("let-go", Map.of());
        api.client()
                .resource(new ClusterRoleBuilder()
                        .withNewMetadata()
                        .withName("test-finalizers")
                        .endMetadata()
                        .addNewRule()
                        .withApiGroups(Api.GROUP)
                        .withResources("agentcontainers/finalizers")
                        .withVerbs("update")
                        .endRule()
                        .build())
                .serverSideApply();
        bind(api, "operator-like", "test-finalizers");
        bind(api, "operator-like", "agentcontainers-edit");
        bind(api, "operator-like", "agentcontainers-view");
        try (KubernetesClient operator = api.controlPlane().clientFor("operator-like")) {
            var agent = operator.resource(Manifests.named("finished", "let-go"));
            agent.create();
            agent.delete();

            agent.patch(MERGE, NO_FINALIZERS);

            assertThat(agent.get()).isNull();
        }
    }

    @Test
    void nobodyMakesTheNamespaceOfANodeBeforeItJoins() {
        AppliedApi api = AppliedApi.get();
        api.client()
                .resource(new ClusterRoleBuilder()
                        .withNewMetadata()
                        .withName("test-namespaces")
                        .endMetadata()
                        .addNewRule()
                        .withApiGroups("")
                        .withResources("namespaces")
                        .withVerbs("create", "get", "patch", "update")
                        .endRule()
                        .build())
                .serverSideApply();
        bind(api, "squatter", "test-namespaces");
        try (KubernetesClient squatter = api.controlPlane().clientFor("squatter")) {
            assertThatThrownBy(() -> squatter.resource(namespace("agentnode-worker", Map.of()))
                            .create())
                    .satisfies(AdmissionPoliciesIT::isForbidden)
                    .hasMessageContaining("namespace agentnode-worker: names that begin with agentnode-");
            assertThatThrownBy(() -> squatter.resource(namespace("harmless", Map.of(Api.NODE_LABEL, "worker")))
                            .create())
                    .satisfies(AdmissionPoliciesIT::isForbidden);
            var own = squatter.resource(namespace("harmless", Map.of()));
            own.create();
            assertThatThrownBy(() ->
                            own.patch(MERGE, "{\"metadata\":{\"labels\":{\"agentcontainers.dev/node\":\"worker\"}}}"))
                    .satisfies(AdmissionPoliciesIT::isForbidden);
            assertThat(own.patch(MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"))
                    .isNotNull();
        }
    }

    @Test
    void aNodeDoesNotStateAmountsThatNobodyCanReckonWith() {
        AppliedApi api = AppliedApi.get();
        node(api, "boastful");
        var node = api.client().resource(Manifests.good("AgentNode", "boastful", ""));

        for (String amount : List.of("1e30", "-1", "lots")) {
            assertThatThrownBy(() -> node.subresource("status")
                            .patch(MERGE, "{\"status\":{\"allocatable\":{\"cpu\":\"%s\"}}}".formatted(amount)))
                    .hasMessageContaining("status.allocatable")
                    .hasMessageContaining("each must be a quantity from 0 to 1Ei");
        }
        assertThat(
                        node.subresource("status")
                                .patch(
                                        MERGE,
                                        "{\"status\":{\"allocatable\":{\"cpu\":\"3500m\",\"memory\":\"16Gi\",\"agents\":110}}}"))
                .isNotNull();
    }

    @Test
    void aNodeAgentWritesTheStatusOfItsOwnNodeOnly() {
        AppliedApi api = AppliedApi.get();
        node(api, "mine");
        node(api, "other");
        String user = "system:serviceaccount:agentnode-mine:node-agent";
        grant(api, user);
        try (KubernetesClient nodeAgent = api.controlPlane().clientFor(user, "system:serviceaccounts")) {
            var mine = nodeAgent.resource(Manifests.good("AgentNode", "mine", ""));
            var other = nodeAgent.resource(Manifests.good("AgentNode", "other", ""));

            assertThat(mine.subresource("status").patch(MERGE, "{\"status\":{\"kernelVersion\":\"6.18\"}}"))
                    .isNotNull();
            assertThatThrownBy(
                            () -> other.subresource("status").patch(MERGE, "{\"status\":{\"kernelVersion\":\"6.18\"}}"))
                    .hasMessageContaining("may write the status of its own AgentNode only, not of other");
            assertThatThrownBy(() ->
                            mine.subresource("status").patch(MERGE, "{\"status\":{\"namespace\":\"agentnode-other\"}}"))
                    .hasMessageContaining("status.namespace is set by the operator");
            assertThatThrownBy(() -> mine.subresource("status").patch(MERGE, "{\"status\":{\"namespace\":null}}"))
                    .hasMessageContaining("status.namespace is set by the operator");
            assertThatThrownBy(
                            () -> mine.subresource("status").patch(MERGE, "{\"status\":" + conditions("Ready") + "}"))
                    .hasMessageContaining("status.conditions[Ready] is set by the operator");
            assertThat(mine.subresource("status").patch(MERGE, "{\"status\":" + conditions("Probed") + "}"))
                    .isNotNull();
            assertThatThrownBy(() -> mine.patch(MERGE, "{\"spec\":{\"unschedulable\":true}}"))
                    .satisfies(AdmissionPoliciesIT::isForbidden);
            assertThatThrownBy(mine::delete).satisfies(AdmissionPoliciesIT::isForbidden);
        }
    }

    private static Namespace namespace(String name, Map<String, String> labels) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels)
                .endMetadata()
                .build();
    }

    private static void bind(AppliedApi api, String user, String role) {
        api.client()
                .resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName(user + "-" + role)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                        .addNewSubject()
                        .withKind("User")
                        .withName(user)
                        .endSubject()
                        .build())
                .serverSideApply();
    }

    private static void isForbidden(Throwable thrown) {
        assertThat(thrown)
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(403));
    }

    private static String conditions(String type) {
        return "{\"conditions\":[{\"type\":\"%s\",\"status\":\"True\",\"reason\":\"R\",\"message\":\"\",\"lastTransitionTime\":\"2026-11-24T00:00:00Z\"}]}"
                .formatted(type);
    }

    private static void node(AppliedApi api, String name) {
        GenericKubernetesResource node = Manifests.good("AgentNode", name, "");
        api.client().resource(node).create();
        api.client()
                .resource(node)
                .subresource("status")
                .patch(MERGE, "{\"status\":{\"namespace\":\"agentnode-" + name + "\"}}");
    }

    private static void grant(AppliedApi api, String user) {
        api.client()
                .resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName("test-node-agent")
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "agentcontainers-node-agent")
                        .addNewSubject()
                        .withKind("User")
                        .withName(user)
                        .endSubject()
                        .build())
                .serverSideApply();
    }
}
