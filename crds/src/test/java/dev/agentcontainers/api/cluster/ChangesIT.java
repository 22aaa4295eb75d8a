package dev.agentcontainers.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What can be changed after creation, and what the refusal of the rest says. */
@Tag("cluster")
class ChangesIT {
    private static final PatchContext TRIAL = new PatchContext.Builder()
            .withPatchType(PatchType.JSON_MERGE)
            .withDryRun(List.of("All"))
            .build();

    @BeforeAll
    static void createExample() {
        AppliedApi.get().createNamespace("changes", Map.of());
        AppliedApi.get().client().resource(Manifests.example("changes")).create();
    }

    static Stream<Arguments> cases() {
        return StreamSupport.stream(
                        Manifests.yaml(Manifests.resource("changes.yaml")).spliterator(), false)
                .map(entry -> Arguments.argumentSet(entry.get("case").asText(), entry));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ofAnAgentContainer(JsonNode entry) {
        var example = AppliedApi.get().client().resource(Manifests.example("changes"));

        if (entry.has("refusal")) {
            assertThatThrownBy(() -> example.patch(TRIAL, entry.get("patch").toString()))
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContaining(
                            entry.get("refusal").asText() + ": delete and create the AgentContainer again");
        } else {
            assertThat(example.patch(TRIAL, entry.get("patch").toString())).isNotNull();
        }
    }

    @Test
    void ofANodesRangeOfAddresses() {
        Resource<GenericKubernetesResource> node =
                AppliedApi.get().client().resource(Manifests.good("AgentNode", "range", ""));
        node.create();
        merge(node, "{\"spec\":{\"unschedulable\":true}}");
        merge(node, "{\"spec\":{\"agentCIDR\":\"100.80.4.0/22\"}}");
        merge(node, "{\"spec\":{\"unschedulable\":false}}");

        for (String change : List.of("\"100.80.8.0/22\"", "null")) {
            assertThatThrownBy(() -> merge(node, "{\"spec\":{\"agentCIDR\":" + change + "}}"))
                    .hasMessageContaining("spec.agentCIDR is immutable once set");
        }
    }

    @Test
    void ofAnIsolationClass() {
        Resource<GenericKubernetesResource> isolationClass =
                AppliedApi.get().client().resource(Manifests.good("IsolationClass", "changes", ""));
        isolationClass.create();

        assertThatThrownBy(() -> merge(isolationClass, "{\"spec\":{\"parameters\":{\"a\":\"b\"}}}"))
                .hasMessageContaining("spec is immutable: make another IsolationClass");
    }

    private static void merge(Resource<GenericKubernetesResource> object, String patch) {
        object.patch(PatchContext.of(PatchType.JSON_MERGE), patch);
    }
}
