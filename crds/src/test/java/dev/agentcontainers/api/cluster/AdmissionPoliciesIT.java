package dev.agentcontainers.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.Api;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What admission refuses beyond the schemas. */
@Tag("cluster")
class AdmissionPoliciesIT {
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);
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
        assertThat(agent.patch(MERGE, "{\"metadata\":{\"finalizers\":null}}").getFinalizers())
                .isEmpty();
        assertThat(agent.patch(MERGE, "{\"spec\":{\"network\":null}}")).isNotNull();
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
