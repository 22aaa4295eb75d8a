package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the server for one of an agent's with HTTP/2: one that has HTTP/2 as well, where the server does, or a few of
 * HTTP/1.1, each for one request at a time. Without TLS, where nothing is agreed, it is HTTP/2 as the agent's. What finds no place waits. None is made before a request may pass, and never more of either
 * than there may be, whatever the server does with those there are. For the event loop's thread.
 */
final class Http2Servers {
    /** Connections one after the other that take nothing; those that wait are told then. */
    static final int MOST_IN_VAIN = 3;

    /** From the beginning of a connection that has taken nothing to that of the next. */
    static final Duration PAUSE = Duration.ofMillis(500);

    private final EventLoop loop;
    private final Requests requests;
    private final RelayLimits limits;
    private final Consumer<Channel> place;
    private final AgentCounts more;
    private final Deque<Opening> waiting = new ArrayDeque<>();
    private final Set<Channel> channels = new HashSet<>();
    private final Deque<Http1Server> free = new ArrayDeque<>();
    private @Nullable Http2Server shared;
    private int connecting;
    /** Whether the server was seen to know no HTTP/2. */
    private boolean http1;
    /** Connections, since one has taken a request, that took none. */
    private int inVain;
    /** When the last was begun, by the clock of {@link System#nanoTime()}. */
    private long begun;

    private boolean pausing;

    private boolean closed;

    /** A request that may pass. */
    interface Opening {
        boolean isWanted();

        ServerStream.Answer answer();

        void opened(ServerStream stream);

        void failed(HttpVerdict why);
    }

    /**
     * @param place is told of the connections
     * @param more connections of all agents, beyond one for each of theirs
     */
    Http2Servers(EventLoop loop, Requests requests, RelayLimits limits, Consumer<Channel> place, AgentCounts more) {
        this.loop = loop;
        this.requests = requests;
        this.limits = limits;
        this.place = place;
        this.more = more;
    }

    void open(Opening opening) {
        waiting.add(opening);
        goOn();
    }

    /** Gives those that wait what there is room for. */
    void goOn() {
        while (!closed) {
            waiting.removeIf(each -> !each.isWanted());
            Opening next = waiting.peek();
            if (next == null) {
                return;
            }
            Http2Server its = shared;
            if (its != null && its.isUsable()) {
                if (!its.hasRoom()) {
                    return;
                }
                waiting.remove();
                next.opened(its.open(next.answer()));
                continue;
            }
            Http1Server idle = free.poll();
            if (idle != null) {
                waiting.remove();
                next.opened(idle.open(next.answer()));
                continue;
            }
            if (its != null && its.wasReady()) {
                shared = null;
                if (isInVain(its)) {
                    fail(HttpVerdict.UNREACHABLE);
                    return;
                }
            }
            boolean room = channels.size() < limits.http2().connectionsToServer()
                    && (http1 ? connecting < waiting.size() : connecting == 0);
            if (!room || pauses()) {
                return;
            }
            boolean isMore = !channels.isEmpty();
            if (isMore && !more.take(requests.agent())) {
                // What another has given back is told to nobody here.
                goOnAfter(PAUSE.toNanos());
                return;
            }
            connect(isMore ? () -> more.giveBack(requests.agent()) : () -> {});
        }
    }

    /** Of one that takes no more. */
    private boolean isInVain(Http2Server its) {
        inVain = its.wasUsed() ? 0 : inVain + 1;
        if (inVain < MOST_IN_VAIN) {
            return false;
        }
        inVain = 0;
        return true;
    }

    private boolean pauses() {
        long left = inVain == 0 ? 0 : PAUSE.toNanos() - (System.nanoTime() - begun);
        if (left > 0) {
            goOnAfter(left);
        }
        return left > 0;
    }

    private void goOnAfter(long nanos) {
        if (!pausing) {
            pausing = true;
            loop.schedule(
                    () -> {
                        pausing = false;
                        goOn();
                    },
                    nanos,
                    TimeUnit.NANOSECONDS);
        }
    }

    /** @param giveBack to be called once, when there is no such connection any more */
    private void connect(Runnable giveBack) {
        Optional<SslContext> trusted = requests.tls().flatMap(tls -> tls.back().apply(true));
        if (requests.tls().isPresent() && trusted.isEmpty()) {
            giveBack.run();
            fail(HttpVerdict.UNTRUSTED_SERVER);
            return;
        }
        connecting++;
        begun = System.nanoTime();
        ChannelFuture made = requests.way().connect(loop, limits.connect(), new ChannelInboundHandlerAdapter());
        Channel channel = made.channel();
        channels.add(channel);
        place.accept(channel);
        channel.closeFuture().addListener(_ -> {
            channels.remove(channel);
            giveBack.run();
            goOn();
        });
        made.addListener(connected -> {
            if (!connected.isSuccess()) {
                failed(channel, connected.cause());
            } else if (trusted.isPresent()) {
                agree(channel, trusted.get(), requests.tls().orElseThrow().serverName());
            } else if (closed) {
                Relay.Resets.reset(channel);
            } else {
                share(channel);
            }
        });
    }

    private void agree(Channel channel, SslContext trusted, String serverName) {
        SslHandler handler =
                trusted.newHandler(channel.alloc(), serverName, requests.to().getPort());
        handler.setHandshakeTimeoutMillis(limits.connect().toMillis());
        TlsBounds bounds = new TlsBounds();
        channel.pipeline().addLast(bounds, handler, new Inside(bounds), new UntilAgreed());
        handler.handshakeFuture().addListener(agreed -> {
            if (!agreed.isSuccess()) {
                failed(channel, agreed.cause());
            } else if (closed) {
                Relay.Resets.reset(channel);
            } else {
                agreed(channel, bounds, handler.applicationProtocol());
            }
        });
        // Past what gives what is inside, before anybody is there to take it.
        channel.pipeline().context(handler).read();
    }

    private void failed(Channel channel, Throwable cause) {
        connecting--;
        channels.remove(channel);
        // Its end has those that wait go on, so they are told before.
        fail(HttpBack.failure(cause));
        Relay.Resets.reset(channel);
    }

    /** Those that wait would be told the same. */
    private void fail(HttpVerdict why) {
        Deque<Opening> all = new ArrayDeque<>(waiting);
        waiting.clear();
        all.stream().filter(Opening::isWanted).forEach(each -> each.failed(why));
    }

    private void agreed(Channel channel, TlsBounds bounds, @Nullable String protocol) {
        channel.pipeline().remove(UntilAgreed.class);
        if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
            bounds.boundByFrames();
            share(channel);
            return;
        }
        connecting--;
        http1 = true;
        Http1Server server = new Http1Server(this::isFree);
        server.begin(channel);
        isFree(server);
    }

    /** HTTP/2 is spoken there, by all of the agent's streams. */
    private void share(Channel channel) {
        Http2Server server = new Http2Server(requests.tls().isPresent(), this::ready, this::goOn);
        Http2FrameCodec codec = Http2Codecs.client(server::end);
        shared = server;
        http1 = false;
        channel.pipeline().addLast(new FrameBounds(), codec, server);
        server.begin(limits.connect());
        channel.closeFuture().addListener(_ -> {
            if (!server.wasReady()) {
                connecting--;
                fail(HttpVerdict.UNREACHABLE);
            }
        });
    }

    /** What goes wrong before is told by the handshake, and by nobody's log. */
    private static final class UntilAgreed extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    /** The server has said how many requests it takes at a time. */
    private void ready() {
        connecting--;
        goOn();
    }

    private void isFree(Http1Server server) {
        if (closed) {
            server.close();
        } else if (server.isUsable()) {
            free.add(server);
            server.onEnd(() -> free.remove(server));
            goOn();
        } else {
            server.close();
        }
    }

    /** Ends them all. */
    void close() {
        closed = true;
        waiting.clear();
        free.clear();
        Set.copyOf(channels).forEach(Relay.Resets::reset);
    }
}
