package dev.agentcontainers.cli.top;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.protocol.ProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsagesTest {
    @Test
    void whatANodeTellsIsRead() throws ProtocolException {
        assertThat(Usages.parse("{\"time\":\"2026-11-27T08:00:00Z\",\"memoryBytes\":5}")
                        .memoryBytes())
                .isEqualTo(5);
    }

    /** Its answer is shown in a terminal. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"time\":\"\u009b31m\"}",
                "{\"time\":\"2026-11-27T08:00:00Z\u202e\"}",
                "{\"memoryBytes\":5}",
                "{\"time\":\"2026-11-27T08:00:00Z\",\"memory",
                ""
            })
    void whatIsNoAnswerIsToldAsThatAndNotShown(String answer) {
        assertThatThrownBy(() -> Usages.parse(answer))
                .isInstanceOf(ProtocolException.class)
                .hasMessageStartingWith("its node's answer ");
    }
}
