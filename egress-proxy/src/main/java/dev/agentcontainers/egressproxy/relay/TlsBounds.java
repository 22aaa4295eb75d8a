package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;

/**
 * Resets a connection whose TLS goes on without carrying anything, or whose own answers nobody takes: a peer may ask for new keys
 * without end (RFC 8446, 4.6.3), each of which is answered, and no flow control sees that. Stands before Netty's handler of TLS. For
 * the event loop's thread.
 */
final class TlsBounds extends ChannelDuplexHandler {
    /** Bytes as they come; more than the JDK takes for a handshake. */
    static final int MOST_WITHOUT_CONTENT = 128 << 10;

    private int withoutContent;
    private boolean frames;

    /** Something was decrypted. */
    void carried() {
        withoutContent = 0;
    }

    /** What goes on there is bounded by the windows of HTTP/2 and by {@link FrameBounds}. */
    void boundByFrames() {
        frames = true;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        withoutContent += ((ByteBuf) message).readableBytes();
        if (withoutContent > MOST_WITHOUT_CONTENT) {
            ReferenceCountUtil.release(message);
            Relay.Resets.reset(context.channel());
        } else {
            context.fireChannelRead(message);
        }
    }

    /** What is handed on is far less than a channel takes. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (frames || context.channel().isWritable()) {
            context.fireChannelWritabilityChanged();
        } else {
            Relay.Resets.reset(context.channel());
        }
    }
}
