package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;

class TlsBoundsTest {
    private static final int SOME = TlsBounds.MOST_WITHOUT_CONTENT / 2;

    private final TlsBounds bounds = new TlsBounds();
    private final EmbeddedChannel channel = new EmbeddedChannel(bounds);

    private void come(int bytes) {
        channel.writeInbound(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    @Test
    void whatCarriesSomethingGoesOn() {
        for (int i = 0; i < 10; i++) {
            come(SOME);
            bounds.carried();
        }
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void whatCarriesNothingEnds() {
        come(SOME);
        come(SOME);
        assertThat(channel.isOpen()).isTrue();
        come(1);
        assertThat(channel.isOpen()).isFalse();
    }

    /** Also where its peer sends nothing more. */
    @Test
    void whoTakesNoFramesIsEnded() {
        TlsBounds ofFrames = new TlsBounds();
        ofFrames.boundByFrames();
        EmbeddedChannel held = new EmbeddedChannel(new HoldsAll(), ofFrames);
        for (int i = 0; i < 4 && held.isOpen(); i++) {
            held.writeAndFlush(Unpooled.wrappedBuffer(new byte[TlsBounds.MOST_HELD / 4]));
        }
        assertThat(held.isOpen()).isTrue();
        held.writeAndFlush(Unpooled.wrappedBuffer(new byte[TlsBounds.MOST_HELD / 4]));
        held.runPendingTasks();
        assertThat(held.isOpen()).isFalse();
    }

    /** As a socket whose peer reads nothing: what is written stays in the channel. */
    private static final class HoldsAll extends ChannelOutboundHandlerAdapter {
        @Override
        public void flush(ChannelHandlerContext context) {
            // Nothing goes.
        }
    }

    @Test
    void whoTakesNoAnswersIsEnded() {
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(1, 100));
        channel.write(Unpooled.wrappedBuffer(new byte[200]));
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }
}
