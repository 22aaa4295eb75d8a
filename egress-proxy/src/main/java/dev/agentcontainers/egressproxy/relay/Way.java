package dev.agentcontainers.egressproxy.relay;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How an agent's connection gets to where it is to go. For the event loop's thread. */
final class Way {
    private final InetSocketAddress to;
    private final List<InetSocketAddress> others;
    private @Nullable SocketChannel ready;

    private Way(InetSocketAddress to, List<InetSocketAddress> others, @Nullable SocketChannel ready) {
        this.to = to;
        this.others = others;
        this.ready = ready;
    }

    static Way to(InetSocketAddress to) {
        return new Way(to, List.of(), null);
    }

    /** @param to addresses of the same, the first of which is tried first; at least one */
    static Way inTurn(List<InetSocketAddress> to) {
        return new Way(to.getFirst(), List.copyOf(to.subList(1, to.size())), null);
    }

    /** @param ready a connection to there on which nothing was read or written, and which has a {@link Waiting} */
    static Way by(SocketChannel ready, InetSocketAddress to) {
        return new Way(to, List.of(), ready);
    }

    InetSocketAddress to() {
        return to;
    }

    /** Where to if nobody answers here. */
    Optional<Way> next() {
        return others.isEmpty() ? Optional.empty() : Optional.of(inTurn(others));
    }

    /** Gives the connection that is there, the first time and where it is still good, or makes one. */
    ChannelFuture connect(EventLoop loop, Duration patience, ChannelHandler handler) {
        SocketChannel there = ready;
        ready = null;
        if (there == null) {
            return Onward.connect(loop, to, patience, handler);
        }
        if (!there.isActive() || there.isInputShutdown()) {
            Relay.Resets.reset(there);
            return Onward.connect(loop, to, patience, handler);
        }
        there.pipeline().replace(Waiting.class, null, handler);
        return there.newSucceededFuture();
    }

    /** Nobody wants the connection any more that is there. */
    void letGo() {
        SocketChannel there = ready;
        ready = null;
        if (there != null) {
            Relay.Resets.reset(there);
        }
    }

    /** In a connection as long as nobody uses it. */
    static final class Waiting extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // Its server has gone, which is seen by who wants to use it.
            context.close();
        }
    }
}
