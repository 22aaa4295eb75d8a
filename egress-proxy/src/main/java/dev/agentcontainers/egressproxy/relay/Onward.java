package dev.agentcontainers.egressproxy.relay;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;

/** The only place where this process connects to what agents reach: in the network it runs in, to an address that was opened. */
final class Onward {
    /** Seconds of silence after which it is asked whether the other side is still there, and between two such questions. */
    private static final int PROBE_AFTER = 60;

    private static final int PROBE_EVERY = 10;
    private static final int PROBES = 6;
    private static final int CHUNK = 16 << 10;
    private static final int MOST_HELD = 32 << 10;

    /** Of a server's: the kernel takes twice that, which passes in the time of a packet there and back. */
    private static final int MOST_WAITING = 64 << 10;

    private Onward() {}

    static ChannelFuture connect(EventLoop loop, InetSocketAddress to, Duration patience, ChannelHandler handler) {
        return new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) patience.toMillis())
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.AUTO_CLOSE, false)
                .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(CHUNK))
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(EpollChannelOption.TCP_KEEPIDLE, PROBE_AFTER)
                .option(EpollChannelOption.TCP_KEEPINTVL, PROBE_EVERY)
                .option(EpollChannelOption.TCP_KEEPCNT, PROBES)
                .handler(handler)
                .connect(to);
    }

    /**
     * Holds little of what passes by a channel of an agent's that is charged: what was paid for and not sent is lost with a reset, and what the agent
     * has sent and nobody has read was never paid for.
     */
    static void holdLittle(SocketChannel front) {
        try {
            front.config().setReceiveBufferSize(MOST_HELD);
            if (front instanceof EpollSocketChannel channel) {
                channel.config().setTcpNotSentLowAt(MOST_HELD);
            }
        } catch (RuntimeException e) {
            // Its peer has ended it already.
        }
    }

    /**
     * Lets little of what a server sends to an agent that is charged wait here: after the server's end everything that the kernel holds is
     * read at once, whoever has to wait for what it costs.
     */
    static void holdLittleOf(Channel back) {
        if (back instanceof SocketChannel server) {
            try {
                server.config().setReceiveBufferSize(MOST_WAITING);
            } catch (RuntimeException e) {
                // Its peer has ended it already.
            }
        }
    }

    /** As a channel that was accepted is to be. */
    static void prepareAccepted(EpollSocketChannel channel) {
        channel.config()
                .setAllowHalfClosure(true)
                .setAutoClose(false)
                .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(CHUNK))
                .setKeepAlive(true);
        channel.config()
                .setTcpKeepIdle(PROBE_AFTER)
                .setTcpKeepIntvl(PROBE_EVERY)
                .setTcpKeepCnt(PROBES);
    }
}
