package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Http2LimitsTest {
    /** Otherwise streams would be refused that the connection was told it may have. */
    @Test
    void streamsOfAllConnectionsFit() {
        Http2Limits limits = Http2Limits.DEFAULT;
        assertThat(limits.mostOfAgent() * limits.streamsOfConnection()).isLessThanOrEqualTo(limits.streamsOfAgent());
        assertThat(limits.most() * limits.streamsOfConnection()).isLessThanOrEqualTo(limits.streams());
    }
}
