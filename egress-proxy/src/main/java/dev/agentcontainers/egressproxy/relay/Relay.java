package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Two connections that are one: bytes of each go to the other, and no more are read from one than the other takes. An end of one
 * direction is handed on as such, a failure as a reset. For the event loop's thread.
 */
final class Relay implements Passing {
    private final BooleanSupplier holds;
    private final SocketChannel front;
    private final SocketChannel back;
    private final Duration idle;
    private long lastByte = System.nanoTime();
    private int ended;
    private boolean closed;
    private @Nullable ScheduledFuture<?> look;

    /** @param holds whether nothing of what it rests on was taken back */
    Relay(BooleanSupplier holds, SocketChannel front, SocketChannel back, Duration idle) {
        this.holds = holds;
        this.front = front;
        this.back = back;
        this.idle = idle;
    }

    @Override
    public boolean holds() {
        return holds.getAsBoolean();
    }

    /** Hands on what was read already, then everything that comes. */
    void begin(Object read) {
        HandingOn onward = new HandingOn(back);
        front.pipeline().addLast(onward);
        back.pipeline().addLast(new HandingOn(front));
        back.writeAndFlush(read).addListener(sent -> {
            if (sent.isSuccess()) {
                front.read();
            } else {
                cut();
            }
        });
        if (front.isInputShutdown()) {
            // It was told before there was anybody here to hear it.
            onward.inputEnded();
        }
        back.read();
        endWhenIdle();
    }

    private void endWhenIdle() {
        long left = idle.toNanos() - (System.nanoTime() - lastByte);
        if (left <= 0) {
            cut();
        } else if (!closed) {
            look = front.eventLoop().schedule(this::endWhenIdle, left, TimeUnit.NANOSECONDS);
        }
    }

    /** Both see that it was not their peer who ended it. */
    @Override
    public void cut() {
        close();
        Resets.reset(front);
        Resets.reset(back);
    }

    private void close() {
        closed = true;
        if (look != null) {
            // It would keep all of this for as long as a connection may be idle.
            look.cancel(false);
        }
    }

    private void end() {
        close();
        front.close();
        back.close();
    }

    private final class HandingOn extends ChannelInboundHandlerAdapter {
        private final SocketChannel other;
        private boolean inputEnded;

        HandingOn(SocketChannel other) {
            this.other = other;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object bytes) {
            lastByte = System.nanoTime();
            if (closed) {
                ReferenceCountUtil.release(bytes);
                return;
            }
            other.writeAndFlush(bytes).addListener(sent -> {
                if (sent.isSuccess()) {
                    lastByte = System.nanoTime();
                    context.read();
                } else {
                    cut();
                }
            });
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                inputEnded();
            }
        }

        void inputEnded() {
            if (inputEnded) {
                return;
            }
            inputEnded = true;
            // After all that was read before.
            other.writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(_ -> other.shutdownOutput().addListener(_ -> {
                        if (++ended == 2) {
                            end();
                        }
                    }));
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!closed) {
                cut();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            cut();
        }
    }

    /** How connections are ended without an orderly end. */
    static final class Resets {
        private Resets() {}

        static void reset(Channel channel) {
            if (channel instanceof SocketChannel socket && socket.isOpen()) {
                try {
                    socket.config().setSoLinger(0);
                } catch (RuntimeException e) {
                    // Its peer has ended it already.
                }
            }
            ChannelHandlerContext first = channel.pipeline().firstContext();
            if (first == null) {
                channel.close();
            } else {
                // Past what would say goodbye and wait until that is taken.
                first.close();
            }
        }
    }
}
