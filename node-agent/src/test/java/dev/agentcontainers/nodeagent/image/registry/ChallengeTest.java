package dev.agentcontainers.nodeagent.image.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChallengeTest {
    @Test
    void parametersComeInAnyOrderAndQuoted() {
        assertThat(Challenge.of(List.of(
                        "Bearer scope=\"repository:a/b:pull,push\", service=hub , realm=\"https://x/t?a=\\\"b\\\"\"")))
                .contains(new Challenge(
                        "bearer",
                        Map.of(
                                "scope", "repository:a/b:pull,push",
                                "service", "hub",
                                "realm", "https://x/t?a=\"b\"")));
    }

    @Test
    void aTokenComesBeforeAPassword() {
        assertThat(Challenge.of(List.of("Basic realm=\"x\"", "Negotiate", "bearer realm=y")))
                .map(Challenge::scheme)
                .contains("bearer");
        assertThat(Challenge.of(List.of("BASIC"))).contains(new Challenge("basic", Map.of()));
    }

    @Test
    void whatNobodyUnderstandsIsNone() {
        assertThat(Challenge.of(List.of())).isEmpty();
        assertThat(Challenge.of(List.of("", "Negotiate", "=", "Bearer " + "x".repeat(5000))))
                .isEmpty();
    }
}
