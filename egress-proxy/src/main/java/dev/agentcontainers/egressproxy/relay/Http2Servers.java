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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the server for one of an agent's with HTTP/2: one that has HTTP/2 as well, where the server does, or a few of
 * HTTP/1.1, each for one request at a time. What finds no place waits. None is made before a request may pass. For the event loop's
 * thread.
 */
final class Http2Servers {
    private final EventLoop loop;
    private final Requests requests;
    private final RelayLimits limits;
    private final Consumer<Channel> place;
    private final Deque<Opening> waiting = new ArrayDeque<>();
    private final Set<Channel> channels = new HashSet<>();
    private final Deque<Http1Server> free = new ArrayDeque<>();
    private @Nullable Http2Server shared;
    private int connecting;
    /** Whether the server was seen to know no HTTP/2. */
    private boolean http1;

    private boolean closed;

    /** A request that may pass. */
    interface Opening {
        boolean isWanted();

        ServerStream.Answer answer();

        void opened(ServerStream stream);

        void failed(HttpVerdict why);
    }

    Http2Servers(EventLoop loop, Requests requests, RelayLimits limits, Consumer<Channel> place) {
        this.loop = loop;
        this.requests = requests;
        this.limits = limits;
        this.place = place;
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
            boolean room = http1
                    ? channels.size() < limits.http2().connectionsToServer() && connecting < waiting.size()
                    : connecting == 0;
            if (!room) {
                return;
            }
            connect();
        }
    }

    private void connect() {
        Requests.Tls tls = requests.tls().orElseThrow();
        Optional<SslContext> trusted = tls.back().apply(true);
        if (trusted.isEmpty()) {
            fail(HttpVerdict.UNTRUSTED_SERVER);
            return;
        }
        connecting++;
        int patience = (int) limits.connect().toMillis();
        ChannelFuture made = Onward.connect(loop, requests.to(), limits.connect(), new ChannelInboundHandlerAdapter());
        Channel channel = made.channel();
        channels.add(channel);
        place.accept(channel);
        channel.closeFuture().addListener(_ -> {
            channels.remove(channel);
            goOn();
        });
        made.addListener(connected -> {
            if (!connected.isSuccess()) {
                failed(channel, connected.cause());
                return;
            }
            SslHandler handler = trusted.get()
                    .newHandler(channel.alloc(), tls.serverName(), requests.to().getPort());
            handler.setHandshakeTimeoutMillis(patience);
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
        });
    }

    private void failed(Channel channel, Throwable cause) {
        connecting--;
        channels.remove(channel);
        Relay.Resets.reset(channel);
        fail(HttpBack.failure(cause));
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
            Http2Server server = new Http2Server(this::ready, this::goOn);
            Http2FrameCodec codec = Http2Codecs.client(server::end);
            shared = server;
            channel.pipeline().addLast(codec, server);
            server.begin(limits.connect());
            channel.closeFuture().addListener(_ -> {
                if (!server.wasReady()) {
                    connecting--;
                    fail(HttpVerdict.UNREACHABLE);
                }
            });
            return;
        }
        connecting--;
        http1 = true;
        Http1Server server = new Http1Server(this::isFree);
        server.begin(channel);
        isFree(server);
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
