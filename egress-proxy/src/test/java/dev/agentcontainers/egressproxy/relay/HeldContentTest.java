package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HeldContentTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<String> given = new ArrayList<>();
    private final List<ChannelPromise> pending = new ArrayList<>();
    private final AtomicInteger taken = new AtomicInteger();
    private final List<String> told = new ArrayList<>();
    private final HeldContent content = new HeldContent(
            (_, then) -> then.run(), taken::addAndGet, () -> told.add("ended"), () -> told.add("failed"));

    private final HeldContent.Sink sink = new HeldContent.Sink() {
        @Override
        public ChannelFuture content(ByteBuf bytes, boolean last) {
            given.add(bytes.readableBytes() + (last ? " last" : ""));
            bytes.release();
            return promise();
        }

        @Override
        public ChannelFuture trailers(Http2Headers trailers) {
            given.add(trailers.get("x") + " behind");
            return promise();
        }
    };

    private ChannelFuture promise() {
        ChannelPromise promise = channel.newPromise();
        pending.add(promise);
        return promise;
    }

    private void complete() {
        pending.removeFirst().setSuccess();
        channel.runPendingTasks();
    }

    /** A frame of one byte is a piece of a buffer of thousands. */
    @Test
    void itHoldsBytesAndNoBuffers() {
        ByteBuf frames = Unpooled.buffer(16 << 10).writeZero(16 << 10);
        for (int i = 0; i < 16 << 10; i++) {
            ByteBuf one = frames.retainedSlice(i, 1);
            content.add(one);
            one.release();
        }
        assertThat(frames.refCnt()).isEqualTo(1);
        content.into(sink);
        assertThat(given).as("together").containsExactly(String.valueOf(16 << 10));
    }

    @Test
    void oneIsGivenAfterTheOther() {
        content.into(sink);
        content.add(Unpooled.buffer(10).writeZero(10));
        content.add(Unpooled.buffer(20 << 10).writeZero(20 << 10));
        assertThat(given).containsExactly("10");
        assertThat(taken).hasValue(0);
        complete();
        content.end(null);
        assertThat(given).containsExactly("10", "16384");
        complete();
        complete();
        assertThat(given).containsExactly("10", "16384", "4096 last");
        assertThat(taken).hasValue(10 + (20 << 10));
        assertThat(told).containsExactly("ended");
    }

    @Test
    void trailersComeBehindAll() {
        content.add(Unpooled.buffer(10).writeZero(10));
        content.end(new DefaultHttp2Headers().add("x", "y"));
        content.into(sink);
        assertThat(given).containsExactly("10");
        complete();
        complete();
        assertThat(given).containsExactly("10", "y behind");
        assertThat(told).containsExactly("ended");
    }

    @Test
    void whatIsDroppedIsNotGiven() {
        content.into(sink);
        content.add(Unpooled.buffer(10).writeZero(10));
        content.add(Unpooled.buffer(10).writeZero(10));
        content.drop();
        complete();
        content.add(Unpooled.buffer(10).writeZero(10));
        assertThat(given).containsExactly("10");
        assertThat(told).isEmpty();
    }

    @Test
    void afterAFailureNothingIsGiven() {
        content.into(sink);
        content.add(Unpooled.buffer(10).writeZero(10));
        content.add(Unpooled.buffer(10).writeZero(10));
        pending.removeFirst().setFailure(new IllegalStateException("gone"));
        channel.runPendingTasks();
        assertThat(given).containsExactly("10");
        assertThat(told).containsExactly("failed");
    }
}
