package dev.agentcontainers.egressproxy.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Connects to the first of some addresses that answers, one after the other. For the event loop's thread. */
final class Dialling {
    /** Addresses of a name that are tried, so that each has time for a packet that is lost. */
    static final int MOST = 4;

    private final EventLoop loop;
    private final Deque<InetSocketAddress> left;
    private final Duration each;
    private final Predicate<InetSocketAddress> closed;
    private final Consumer<Channel> place;
    private final Listener listener;
    private final List<String> failures = new ArrayList<>();
    private @Nullable Channel current;
    private boolean done;

    /** Who is told of the one or the other, once. */
    interface Listener {
        void connected(SocketChannel channel, InetSocketAddress to);

        /** @param why in words, of each address that was tried */
        void failed(String why);
    }

    /**
     * @param to where to, in this order, at least one; no more than {@link #MOST} are tried
     * @param patience for all of them together
     * @param closed what is so by now, and not tried
     * @param place is told of the connections
     */
    Dialling(
            EventLoop loop,
            List<InetSocketAddress> to,
            Duration patience,
            Predicate<InetSocketAddress> closed,
            Consumer<Channel> place,
            Listener listener) {
        this.loop = loop;
        this.left = new ArrayDeque<>(to.subList(0, Math.min(MOST, to.size())));
        this.each = patience.dividedBy(left.size());
        this.closed = closed;
        this.place = place;
        this.listener = listener;
    }

    void next() {
        InetSocketAddress to = left.poll();
        if (to == null) {
            done = true;
            listener.failed(String.join(", ", failures));
            return;
        }
        if (closed.test(to)) {
            failures.add(to.getAddress().getHostAddress() + " is closed");
            next();
            return;
        }
        ChannelFuture connecting = Onward.connect(loop, to, each, new Way.Waiting());
        Channel channel = connecting.channel();
        current = channel;
        place.accept(channel);
        connecting.addListener(connected -> {
            if (done) {
                Relay.Resets.reset(channel);
            } else if (connected.isSuccess() && channel instanceof SocketChannel made) {
                done = true;
                current = null;
                listener.connected(made, to);
            } else {
                failures.add(to.getAddress().getHostAddress() + " " + words(connected.cause()));
                next();
            }
        });
    }

    private static String words(@Nullable Throwable cause) {
        return switch (cause) {
            case ConnectTimeoutException _ -> "does not answer";
            case ConnectException _ -> "refuses";
            case null, default -> "can't be reached";
        };
    }

    /** Nobody waits for it any more, and nobody is told. */
    void cancel() {
        done = true;
        if (current != null) {
            current.close();
        }
    }
}
