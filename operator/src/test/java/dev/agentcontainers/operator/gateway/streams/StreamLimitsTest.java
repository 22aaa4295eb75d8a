package dev.agentcontainers.operator.gateway.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.protocol.RefusedException;
import org.junit.jupiter.api.Test;

class StreamLimitsTest {
    private final StreamLimits limits = new StreamLimits(2, 3, 4);

    @Test
    void aUserHasSoMany() {
        limits.acquire("ann", "a");
        limits.acquire("ann", "b");

        refused("ann", "c", "user 'ann' has 2 streams open");
    }

    @Test
    void aNodeHasSoMany() {
        limits.acquire("ann", "a");
        limits.acquire("bob", "a");
        limits.acquire("eve", "a");

        refused("joe", "a", "node 'a' has 3 streams open");
        limits.acquire("joe", "b");
        refused("kim", "c", "the gateway has 4 streams open");
    }

    @Test
    void aPlaceIsGivenBackOnce() {
        StreamLimits.Permit permit = limits.acquire("ann", "a");
        limits.acquire("ann", "a");
        permit.close();
        permit.close();

        assertThat(limits.open()).isEqualTo(1);
        limits.acquire("ann", "a");
        refused("ann", "a", "user 'ann'");
    }

    private void refused(String user, String node, String message) {
        assertThatThrownBy(() -> limits.acquire(user, node))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(429))
                .hasMessageContaining(message);
    }
}
