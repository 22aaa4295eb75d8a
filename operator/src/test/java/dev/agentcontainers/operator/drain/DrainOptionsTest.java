package dev.agentcontainers.operator.drain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DrainOptionsTest {

    @Test
    void readsNamespaceAndTimeout() {
        assertThat(DrainOptions.parse(List.of("--namespace=agents", "--timeout=90")))
                .isEqualTo(new DrainOptions("agents", Duration.ofSeconds(90)));
        assertThat(DrainOptions.parse(List.of("--namespace=agents")).timeout()).isEqualTo(Duration.ofMinutes(5));
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of(List.of(), "drain needs --namespace=NAME"),
                Arguments.of(List.of("--namespace="), "drain needs --namespace=NAME"),
                Arguments.of(List.of("--namespace=../x"), "drain needs --namespace=NAME"),
                Arguments.of(List.of("--namespace=a", "--timeout=0"), "--timeout is '0', must be seconds"),
                Arguments.of(List.of("--namespace=a", "--timeout=5m"), "--timeout is '5m', must be seconds"),
                Arguments.of(List.of("--namespace=a", "--force"), "drain does not know '--force'"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void namesWhatIsWrong(List<String> arguments, String message) {
        assertThatThrownBy(() -> DrainOptions.parse(arguments))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
