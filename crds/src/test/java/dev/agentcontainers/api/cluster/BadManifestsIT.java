package dev.agentcontainers.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is wrong is refused at apply, by a message that names the field. */
@Tag("cluster")
class BadManifestsIT {
    @BeforeAll
    static void makeNamespace() {
        AppliedApi.get().createNamespace("bad-manifests", Map.of());
    }

    static Stream<Arguments> cases() {
        return StreamSupport.stream(
                        Manifests.yaml(Manifests.resource("bad-manifests.yaml")).spliterator(), false)
                .map(entry -> Arguments.argumentSet(entry.get("case").asText(), entry));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isRefused(JsonNode entry) {
        var good = Manifests.good(entry.path("kind").asText("AgentContainer"), "wrong", "bad-manifests");
        var wrong = Manifests.patched(good, entry.get("patch"));

        var refusal = catchThrowableOfType(
                KubernetesClientException.class, () -> AppliedApi.get().tryCreate(wrong));

        assertThat(refusal).as("the API server accepted it").isNotNull();
        assertThat(refusal.getCode()).isIn(400, 422);
        entry.get("says").forEach(part -> assertThat(refusal.getMessage()).contains(part.asText()));
    }
}
