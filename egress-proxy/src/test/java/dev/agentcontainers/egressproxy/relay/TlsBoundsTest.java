package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
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

    @Test
    void whoTakesNoAnswersIsEnded() {
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(1, 100));
        channel.write(Unpooled.wrappedBuffer(new byte[200]));
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }
}
