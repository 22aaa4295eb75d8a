package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Gives what TLS has decrypted as a socket would: so much as is asked for and little at once, since what is decoded of it takes a
 * multiple; and its end, behind all bytes, as an end of input. Stands behind Netty's handler of TLS. For the event loop's thread.
 */
final class Inside extends ChannelDuplexHandler {
    private static final int LITTLE = 4 << 10;

    private final TlsBounds bounds;
    private final Deque<ByteBuf> waiting = new ArrayDeque<>();
    private boolean asked;
    private boolean closed;
    private boolean ended;
    private boolean endTold;

    /** @param bounds is told of what was decrypted */
    Inside(TlsBounds bounds) {
        this.bounds = bounds;
    }

    /** Whether the other side's input has ended without a word of TLS, as anybody on the way could have it end. */
    boolean isCutOff() {
        return ended && !closed;
    }

    @Override
    public void read(ChannelHandlerContext context) {
        asked = true;
        give(context);
        if (asked) {
            context.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (bytes.isReadable()) {
            bounds.carried();
            waiting.add(bytes);
            give(context);
        } else {
            bytes.release();
        }
    }

    private void give(ChannelHandlerContext context) {
        ByteBuf next = waiting.peek();
        if (asked && next != null) {
            asked = false;
            ByteBuf some = next.readRetainedSlice(Math.min(LITTLE, next.readableBytes()));
            if (!next.isReadable()) {
                waiting.remove().release();
            }
            context.fireChannelRead(some);
            context.fireChannelReadComplete();
        }
        tellEnd(context);
    }

    private void tellEnd(ChannelHandlerContext context) {
        if (ended && waiting.isEmpty() && !endTold) {
            endTold = true;
            context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    /** Of what was asked for nothing has come yet. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        // Whoever asked was told with what was given.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslCloseCompletionEvent close) {
            closed |= close.isSuccess() && !ended;
            ended |= close.isSuccess();
            tellEnd(context);
        } else if (event instanceof ChannelInputShutdownEvent) {
            ended = true;
            tellEnd(context);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ended = true;
        waiting.forEach(ByteBuf::release);
        waiting.clear();
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        waiting.forEach(ByteBuf::release);
        waiting.clear();
    }
}
