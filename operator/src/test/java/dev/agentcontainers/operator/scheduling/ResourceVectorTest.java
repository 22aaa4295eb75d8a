package dev.agentcontainers.operator.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Resources;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullUnmarked
class ResourceVectorTest {
    private static final long MOST = Long.MAX_VALUE;

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1000",
        "100m, 1, 100",
        "1.5, 2, 1500",
        "0, 0, 0",
        "-1, 0, 0",
        "7Pi, 7881299347898368, 7881299347898368000",
        "16Ei, 9223372036854775807, 9223372036854775807",
        "1e30, 9223372036854775807, 9223372036854775807",
        "1e999999999, 9223372036854775807, 9223372036854775807",
        "1e-999999999, 9223372036854775807, 9223372036854775807",
    })
    void anAmountThatNoMachineHasFitsNowhere(String quantity, long bytes, long millis) {
        Quantity amount = quantity(quantity);
        ResourceVector requested =
                ResourceVector.requestedBy(new Resources(new Resources.Requests(amount, amount, amount), null));

        assertThat(requested).isEqualTo(new ResourceVector(millis, bytes, bytes, 1));
    }

    @ParameterizedTest
    @CsvSource({
        "4, 4000",
        "0.0005, 0",
        "-4, 0",
        "1e30, 9223372036854775807",
        "1e999999999, 0",
        "1e-999999999, 0",
    })
    void aNodeHasWhatItStatesIfThatMakesSense(String cpu, long millis) {
        assertThat(ResourceVector.offeredBy(Map.of("cpu", quantity(cpu))).cpuMillis())
                .isEqualTo(millis);
    }

    @Test
    void sumsAndDifferencesDoNotWrap() {
        ResourceVector large = new ResourceVector(1, 7L << 60, MOST, 1);

        assertThat(large.plus(large)).isEqualTo(new ResourceVector(2, MOST, MOST, 2));
        assertThat(ResourceVector.NONE.minus(large.plus(large))).isEqualTo(new ResourceVector(-2, -MOST, -MOST, -2));
        assertThat(ResourceVector.NONE.minus(large.plus(large)).minus(large).memory())
                .isEqualTo(-MOST);
    }

    /** As Jackson reads it: without making sense of it. */
    private static Quantity quantity(String text) {
        return io.fabric8.kubernetes.client.utils.Serialization.unmarshal("\"" + text + "\"", Quantity.class);
    }
}
