package dev.agentcontainers.operator.drain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DrainTest {
    private final List<String> said = new ArrayList<>();

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404, 409, 410, 429, 500, 503, 0})
    void whatMayBeAnsweredOtherwiseAnotherTimeIsAskedAgain(int code) throws Exception {
        drain(answers(refusal(code), refusal(code), Optional::empty)).run(Duration.ofMinutes(5));

        assertThat(said).startsWith("Working").last().asString().startsWith("Drained");
        assertThat(said.get(1)).contains("the answer is " + code);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 405, 413, 422})
    void whatIsWrongWithTheRequestItselfEndsIt(int code) {
        Drain drain = drain(answers(refusal(code)));

        assertThatThrownBy(() -> drain.run(Duration.ofMinutes(5)))
                .isInstanceOf(KubernetesClientException.class)
                .hasMessage("the answer is " + code);
    }

    @Test
    void aRefusalThatStaysEndsItWithItsTime() {
        Drain drain = drain(refusal(403));

        assertThatThrownBy(() -> drain.run(Duration.ofMillis(1)))
                .isInstanceOf(UnfinishedDrainException.class)
                .hasMessageContaining(
                        "Working took too long: the API server refuses: the answer is 403. Do something.");
    }

    private Drain drain(Supplier<Optional<String>> look) {
        return new Drain(List.of(new Drain.Step("Working", look, "Do something")), said::add);
    }

    @SafeVarargs
    private static Supplier<Optional<String>> answers(Supplier<Optional<String>>... each) {
        Iterator<Supplier<Optional<String>>> next = List.of(each).iterator();
        return () -> next.next().get();
    }

    private static Supplier<Optional<String>> refusal(int code) {
        return () -> {
            throw new KubernetesClientException("the answer is " + code, code, null);
        };
    }
}
