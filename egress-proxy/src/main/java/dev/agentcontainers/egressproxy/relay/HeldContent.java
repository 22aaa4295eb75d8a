package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Content on its way from one side to the other: what has come is held, as bytes and nothing else of it, until the other side has taken
 * what came before. Whoever sends may send so much as was taken. For the event loop's thread.
 */
final class HeldContent {
    private static final int MOST_AT_ONCE = 16 << 10;

    private final Payment payment;
    private final IntConsumer taken;
    private final Runnable ended;
    private final Runnable failed;
    private ByteBuf held = Unpooled.EMPTY_BUFFER;
    private @Nullable Sink sink;
    private @Nullable Http2Headers trailers;
    private boolean hasEnd;
    private boolean writing;
    private boolean over;

    /** Where it goes. */
    interface Sink {
        /** Takes the bytes over. */
        ChannelFuture content(ByteBuf bytes, boolean last);

        /** The end, with headers behind the content. */
        ChannelFuture trailers(Http2Headers trailers);
    }

    /** Who pays for it before it goes. */
    interface Payment {
        /** @param then is to be done when it is paid for, now or later */
        void pay(long bytes, Runnable then);
    }

    /**
     * @param taken is told how many bytes the other side has taken
     * @param ended is told when it has taken all
     * @param failed is told when it takes no more
     */
    HeldContent(Payment payment, IntConsumer taken, Runnable ended, Runnable failed) {
        this.payment = payment;
        this.taken = taken;
        this.ended = ended;
        this.failed = failed;
    }

    /** Copies: a few bytes may be part of a large buffer, which would stay for them. */
    void add(ByteBuf bytes) {
        if (!over) {
            if (!held.isReadable()) {
                held = Unpooled.buffer(bytes.readableBytes());
            }
            held.discardReadBytes();
            held.writeBytes(bytes);
            goOn();
        }
    }

    /** Nothing comes behind what has come, but for these. */
    void end(@Nullable Http2Headers behind) {
        hasEnd = true;
        trailers = behind;
        goOn();
    }

    /** From here on it goes there. */
    void into(Sink where) {
        sink = where;
        goOn();
    }

    /** Nothing of it is wanted any more. */
    void drop() {
        over = true;
        held = Unpooled.EMPTY_BUFFER;
        trailers = null;
    }

    private void goOn() {
        Sink to = sink;
        if (to == null || writing || over) {
            return;
        }
        int count = Math.min(held.readableBytes(), MOST_AT_ONCE);
        Http2Headers behind = trailers;
        if (count > 0) {
            paid(count, () -> {
                boolean last = hasEnd && count == held.readableBytes() && trailers == null;
                write(to.content(held.readBytes(count), last), count, last);
            });
        } else if (hasEnd && behind != null) {
            paid(Charging.size(behind), () -> write(to.trailers(behind), 0, true));
        } else if (hasEnd) {
            write(to.content(Unpooled.EMPTY_BUFFER, true), 0, true);
        }
    }

    /** Nothing else goes before. */
    private void paid(long bytes, Runnable then) {
        writing = true;
        payment.pay(bytes, () -> {
            if (!over) {
                then.run();
            }
        });
    }

    private void write(ChannelFuture future, int count, boolean last) {
        writing = true;
        future.addListener(written -> {
            writing = false;
            if (over) {
                return;
            }
            if (!written.isSuccess()) {
                drop();
                failed.run();
                return;
            }
            if (count > 0) {
                taken.accept(count);
            }
            if (last) {
                over = true;
                ended.run();
            } else {
                goOn();
            }
        });
    }
}
