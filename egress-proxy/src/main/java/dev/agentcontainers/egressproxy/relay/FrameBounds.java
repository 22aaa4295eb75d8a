package dev.agentcontainers.egressproxy.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;

/**
 * Resets a connection of HTTP/2 whose frames nobody takes: windows bound content, and nothing bounds what is said of them. Stands before
 * Netty's codec. For the event loop's thread.
 */
final class FrameBounds extends ChannelDuplexHandler {
    /**
     * Bytes that a channel may hold, more than of other answers, since nobody waits for each. Heads and content wait elsewhere from
     * the channel's own mark on, so this is for what the codec and refusals add.
     */
    static final int MOST_HELD = 256 << 10;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (holdsTooMuch(context.channel())) {
            ReferenceCountUtil.release(message);
            Relay.Resets.reset(context.channel());
        } else {
            context.fireChannelRead(message);
        }
    }

    /** Also where the peer sends nothing, and only takes nothing. */
    @Override
    public void flush(ChannelHandlerContext context) {
        context.flush();
        if (context.channel().isOpen() && holdsTooMuch(context.channel())) {
            Relay.Resets.reset(context.channel());
        }
    }

    private static boolean holdsTooMuch(Channel channel) {
        return channel.bytesBeforeWritable() > MOST_HELD;
    }
}
