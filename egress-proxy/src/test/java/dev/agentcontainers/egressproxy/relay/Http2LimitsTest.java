package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2CodecUtil;
import org.junit.jupiter.api.Test;

class Http2LimitsTest {
    /** Otherwise streams would be refused that the connection was told it may have. */
    @Test
    void streamsOfAllConnectionsFit() {
        Http2Limits limits = Http2Limits.DEFAULT;
        assertThat(limits.mostOfAgent() * limits.streamsOfConnection()).isLessThanOrEqualTo(limits.streamsOfAgent());
        assertThat(limits.most() * limits.streamsOfConnection()).isLessThanOrEqualTo(limits.streams());
    }

    /** Also of agents that acknowledge nothing, whose streams have the window that RFC 9113 begins with. */
    @Test
    void whatAllStreamsAndHeadsHoldIsNoMoreThanTheHeapHasForIt() {
        Http2Limits limits = Http2Limits.DEFAULT;
        int ofStream = Http2CodecUtil.DEFAULT_WINDOW_SIZE + Http2Codecs.WINDOW_OF_ANSWERS;
        assertThat(limits.streams() * ofStream).isLessThanOrEqualTo(48 << 20);
        assertThat(limits.most() * HeadsToAgent.MOST_WAITING).isLessThanOrEqualTo(8 << 20);
    }
}
