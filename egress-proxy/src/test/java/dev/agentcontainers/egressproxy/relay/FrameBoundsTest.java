package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;

class FrameBoundsTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new HoldsAll(), new FrameBounds());

    /** As a socket whose peer reads nothing: what is written stays in the channel. */
    private static final class HoldsAll extends ChannelOutboundHandlerAdapter {
        @Override
        public void flush(ChannelHandlerContext context) {
            // Nothing goes.
        }
    }

    private static ByteBuf quarter() {
        return Unpooled.wrappedBuffer(new byte[FrameBounds.MOST_HELD / 4]);
    }

    private void holdAllThatMayBe() {
        for (int i = 0; i < 4 && channel.isOpen(); i++) {
            channel.writeAndFlush(quarter());
        }
        assertThat(channel.isOpen()).isTrue();
    }

    /** Also where its peer sends nothing more. */
    @Test
    void whoTakesNoFramesIsEnded() {
        holdAllThatMayBe();
        channel.writeAndFlush(quarter());
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void whatComesMeanwhileIsNotRead() {
        holdAllThatMayBe();
        channel.write(quarter());
        ByteBuf more = Unpooled.buffer().writeByte(1);
        channel.writeInbound(more);
        assertThat(more.refCnt()).isZero();
        assertThat(channel.isOpen()).isFalse();
    }
}
