package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeadsToAgentTest {
    private final EmbeddedChannel front = new EmbeddedChannel();
    private final List<Http2Frame> written = new ArrayList<>();
    private final HeadsToAgent heads = new HeadsToAgent(front, frame -> {
        written.add(frame);
        return front.newSucceededFuture();
    });

    private record Numbered(int id) implements Http2FrameStream {
        @Override
        public Http2Stream.State state() {
            return Http2Stream.State.OPEN;
        }
    }

    private static Http2HeadersFrame head(Http2FrameStream stream) {
        Http2Headers headers = new DefaultHttp2Headers().status("200").add("x", "~".repeat(15_000));
        return new DefaultHttp2HeadersFrame(headers, true).stream(stream);
    }

    private void takesNothing() {
        front.write(Unpooled.wrappedBuffer(new byte[128 << 10]));
    }

    private void takesMore() {
        front.flush();
        heads.goOn();
    }

    @Test
    void whatTheAgentTakesGoesAtOnce() {
        for (int i = 0; i < 100; i++) {
            assertThat(heads.add(head(new Numbered(1))).isSuccess()).isTrue();
        }
        assertThat(written).hasSize(100);
    }

    @Test
    void whatItDoesNotTakeWaitsInItsOrder() {
        takesNothing();
        Http2HeadersFrame first = head(new Numbered(1));
        Http2HeadersFrame second = head(new Numbered(3));
        ChannelFuture one = heads.add(first);
        ChannelFuture other = heads.add(second);
        assertThat(written).isEmpty();
        assertThat(one.isDone()).isFalse();
        takesMore();
        assertThat(written).containsExactly(first, second);
        assertThat(one.isSuccess()).isTrue();
        assertThat(other.isSuccess()).isTrue();
    }

    @Test
    void moreThanMayWaitFails() {
        takesNothing();
        int waiting = 0;
        while (!heads.add(head(new Numbered(1))).isDone()) {
            waiting++;
        }
        assertThat(waiting * 15_000).isBetween(HeadsToAgent.MOST_WAITING - 20_000, HeadsToAgent.MOST_WAITING);
        takesMore();
        assertThat(written).hasSize(waiting);
        takesNothing();
        assertThat(heads.add(head(new Numbered(1))).isDone()).isFalse();
    }

    @Test
    void whatIsNotWantedAnyMoreMakesRoom() {
        takesNothing();
        Http2FrameStream ended = new Numbered(1);
        while (!heads.add(head(ended)).isDone()) {
            // Until nothing more may wait.
        }
        heads.drop(ended);
        Http2HeadersFrame other = head(new Numbered(3));
        assertThat(heads.add(other).isDone()).isFalse();
        takesMore();
        assertThat(written).containsExactly(other);
    }
}
