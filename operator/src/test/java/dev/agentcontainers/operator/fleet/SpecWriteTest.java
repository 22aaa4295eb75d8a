package dev.agentcontainers.operator.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class SpecWriteTest {
    @Test
    void aPatchWhoseTestFailedIsOutdated() {
        KubernetesClientException refused = new KubernetesClientException(
                "the server rejected our request due to an error in our request",
                422,
                new StatusBuilder().withNewDetails().endDetails().build());

        assertThat(SpecWrite.isOutdated(refused)).isTrue();
        assertThat(SpecWrite.invalid(refused)).isEmpty();
        assertThat(SpecWrite.isOutdated(new KubernetesClientException("conflict", 409, null)))
                .isTrue();
        assertThat(SpecWrite.isOutdated(new KubernetesClientException("", 422, null)))
                .isTrue();
    }

    @Test
    void anInvalidFieldIsNamedAndNotTriedAgain() {
        KubernetesClientException refused = new KubernetesClientException(
                "invalid",
                422,
                new StatusBuilder()
                        .withNewDetails()
                        .addNewCause()
                        .withField("spec.env[0].value")
                        .withMessage("Too long: may not be more than 32768 bytes")
                        .endCause()
                        .endDetails()
                        .build());

        assertThat(SpecWrite.isOutdated(refused)).isFalse();
        assertThat(SpecWrite.invalid(refused))
                .hasValue("spec.env[0].value: Too long: may not be more than 32768 bytes");
    }

    @Test
    void anObjectThatIsTooLargeIsNotTriedAgain() {
        KubernetesClientException refused = new KubernetesClientException("limit is 3145728", 413, null);

        assertThat(SpecWrite.isOutdated(refused)).isFalse();
        assertThat(SpecWrite.invalid(refused))
                .hasValueSatisfying(text -> assertThat(text).contains("too large"));
    }
}
