package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Purse;
import dev.agentcontainers.egressproxy.budget.Purse.Outcome;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Two connections that are one: bytes of each go to the other, and no more are read from one than the other takes. An end of one
 * direction is handed on as such, a failure as a reset; inside TLS also an end that TLS does not tell. For the event loop's thread.
 */
final class Relay implements Passing {
    private final BooleanSupplier holds;
    private final SocketChannel front;
    private final SocketChannel back;
    private final Duration idle;
    private final Purse purse;
    private final Consumer<Outcome> refused;
    private final HandingOn fromFront;
    private final HandingOn fromBack;
    private long lastByte = System.nanoTime();
    private int ended;
    private boolean closed;
    private @Nullable ScheduledFuture<?> look;

    /**
     * Who pays for what it hands on.
     *
     * @param refused is told before all is cut because something was not paid for
     */
    record Payment(Purse purse, Consumer<Outcome> refused) {}

    /** @param holds whether nothing of what it rests on was taken back */
    Relay(BooleanSupplier holds, SocketChannel front, SocketChannel back, Duration idle, Payment payment) {
        this(holds, front, back, idle, payment, _ -> {}, _ -> {});
    }

    /**
     * @param sent is told of the bytes that the front has sent and the back has taken
     * @param received the other way round
     */
    Relay(
            BooleanSupplier holds,
            SocketChannel front,
            SocketChannel back,
            Duration idle,
            Payment payment,
            IntConsumer sent,
            IntConsumer received) {
        this.holds = holds;
        this.front = front;
        this.back = back;
        this.idle = idle;
        this.purse = payment.purse();
        this.refused = payment.refused();
        this.fromFront = new HandingOn(front, back, sent);
        this.fromBack = new HandingOn(back, front, received);
    }

    @Override
    public boolean holds() {
        return holds.getAsBoolean();
    }

    /** Hands on what was read already, then everything that comes. */
    void begin(ByteBuf read) {
        join();
        fromFront.handOn(read, front::read);
        if (front.isInputShutdown()) {
            // It was told before there was anybody here to hear it.
            fromFront.inputEnded();
        }
        back.read();
        endWhenIdle();
    }

    /** Hands on what comes; nothing is asked for yet. Before it is begun only what both pipelines have may come. */
    void join() {
        front.pipeline().addLast(fromFront);
        back.pipeline().addLast(fromBack);
    }

    /**
     * Hands on everything that comes, after {@link #join()}.
     *
     * @param frontEnded whether the front has said already that nothing more comes from it
     * @param backEnded the same of the back
     */
    void begin(boolean frontEnded, boolean backEnded) {
        if (frontEnded) {
            fromFront.inputEnded();
        } else {
            front.read();
        }
        if (backEnded) {
            fromBack.inputEnded();
        } else {
            back.read();
        }
        endWhenIdle();
    }

    private void endWhenIdle() {
        long left = idle.toNanos() - (System.nanoTime() - lastByte);
        if (closed) {
            return;
        }
        if (left <= 0) {
            cut();
        } else {
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
        purse.end();
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

    /** Says that nothing more comes, also inside TLS where the channel has it. */
    static void endOutput(SocketChannel channel, Runnable done) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            channel.shutdownOutput().addListener(_ -> done.run());
        } else {
            tls.closeOutbound().addListener(_ -> channel.shutdownOutput().addListener(_ -> done.run()));
        }
    }

    private final class HandingOn extends ChannelInboundHandlerAdapter {
        private final SocketChannel one;
        private final SocketChannel other;
        private final IntConsumer taken;
        private boolean inputEnded;
        /** How many pieces are not paid for yet, and whether nothing comes behind them. */
        private int waiting;

        private boolean endsBehind;

        HandingOn(SocketChannel one, SocketChannel other, IntConsumer taken) {
            this.one = one;
            this.other = other;
            this.taken = taken;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            lastByte = System.nanoTime();
            if (closed) {
                ReferenceCountUtil.release(message);
                return;
            }
            if (!(message instanceof ByteBuf bytes)) {
                ReferenceCountUtil.release(message);
                cut();
                return;
            }
            int count = bytes.readableBytes();
            handOn(bytes, () -> {
                taken.accept(count);
                context.read();
            });
        }

        /** @param then what to do when the other side has taken them */
        void handOn(ByteBuf bytes, Runnable then) {
            waiting++;
            purse.pay(bytes.readableBytes(), outcome -> {
                waiting--;
                if (closed) {
                    bytes.release();
                } else if (outcome != Outcome.PAID) {
                    bytes.release();
                    refused.accept(outcome);
                    cut();
                } else {
                    write(bytes, then);
                }
            });
        }

        private void write(ByteBuf bytes, Runnable then) {
            other.writeAndFlush(bytes).addListener(sent -> {
                if (sent.isSuccess()) {
                    lastByte = System.nanoTime();
                    then.run();
                } else {
                    cut();
                }
            });
            if (endsBehind && waiting == 0) {
                handOnEnd();
            }
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
            Inside inside = one.pipeline().get(Inside.class);
            if (inside != null && inside.isCutOff()) {
                // Anybody on the way could have ended it.
                cut();
                return;
            }
            if (waiting > 0) {
                endsBehind = true;
            } else {
                handOnEnd();
            }
        }

        private void handOnEnd() {
            // After all that was read before.
            other.writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(_ -> endOutput(other, () -> {
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
