package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An agent's connection of HTTP/2, of whose streams each is judged by itself ({@link Http2Exchange}). What is wrong with the
 * connection as such ends all of them; so does a rule that is taken back. For the event loop's thread.
 */
final class Http2Relay extends Http2ChannelDuplexHandler implements Passing {
    private final SocketChannel front;
    private final Requests requests;
    private final RelayLimits limits;
    private final AgentCounts streams;
    private final Http2Servers servers;
    private final HeadsToAgent heads;
    private final Map<Integer, Http2Exchange> exchanges = new HashMap<>();
    private @Nullable ChannelHandlerContext context;
    private @Nullable ScheduledFuture<?> look;
    private long quietSince = System.nanoTime();
    private boolean first = true;
    private boolean ended;
    /** The last stream that was begun. */
    private int highest;

    private @Nullable Permit last;
    /** One that never took a place of the agent's. */
    private @Nullable Http2Exchange uncounted;

    /**
     * @param place is told of the connections to the other side
     * @param shares of what there is for all agents
     */
    Http2Relay(
            SocketChannel front, Requests requests, RelayLimits limits, Consumer<Channel> place, Http2Shares shares) {
        this.front = front;
        this.requests = requests;
        this.limits = limits;
        this.streams = shares.streams();
        this.servers = new Http2Servers(front.eventLoop(), requests, limits, place, shares.more());
        this.heads = new HeadsToAgent(front, this::write);
    }

    /** Takes a connection without TLS over, with what was read of it: by all of it the agent knows that this is HTTP/2. */
    void begin(ByteBuf read) {
        front.config().setAutoRead(false);
        front.config().setRecvByteBufAllocator(HttpRelay.LITTLE_AT_ONCE);
        take(limits.hello());
        front.pipeline().fireChannelRead(read);
        front.pipeline().fireChannelReadComplete();
        if (front.isInputShutdown()) {
            // It was told before there was anybody here to hear it.
            front.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    /** Takes the connection over, on which TLS was agreed and nothing was read inside. */
    void begin(Duration patience) {
        take(patience);
        front.read();
    }

    private void take(Duration patience) {
        quietSince = System.nanoTime() - limits.hello().toNanos() + patience.toNanos();
        front.pipeline()
                .addLast(
                        new FrameBounds(),
                        Http2Codecs.server(
                                limits.http2().streamsOfConnection(), this::reset, () -> end(HttpVerdict.TOO_MANY)),
                        this);
        lookAfter(patience.toNanos());
    }

    /** A rule lets one of its requests pass; where nothing else is known of the connection it rests on the last. */
    void granted(Permit permit) {
        last = permit;
    }

    @Override
    protected void handlerAdded0(ChannelHandlerContext its) {
        context = its;
    }

    Http2Servers servers() {
        return servers;
    }

    @Override
    public void channelRead(ChannelHandlerContext its, Object message) {
        if (ended) {
            ReferenceCountUtil.release(message);
            return;
        }
        switch (message) {
            case Http2HeadersFrame frame -> heads(frame);
            case Http2DataFrame frame -> {
                Http2Exchange exchange = exchanges.get(frame.stream().id());
                if (exchange == null) {
                    taken(frame.stream(), frame.initialFlowControlledBytes());
                    frame.release();
                } else {
                    exchange.content(frame);
                }
            }
            case Http2ResetFrame frame -> {
                Http2Exchange exchange = exchanges.get(frame.stream().id());
                if (exchange != null) {
                    exchange.cancelled();
                }
            }
            default -> ReferenceCountUtil.release(message);
        }
    }

    private void heads(Http2HeadersFrame frame) {
        int number = frame.stream().id();
        Http2Exchange known = exchanges.get(number);
        if (known != null) {
            known.trailers(frame.isEndStream());
            return;
        }
        if (number <= highest) {
            // Of one that was ended here already.
            return;
        }
        highest = number;
        first = false;
        Http2Exchange exchange = new Http2Exchange(this, requests, frame.stream());
        boolean room = exchanges.size() < limits.http2().streamsOfConnection() && streams.take(requests.agent());
        exchanges.put(number, exchange);
        if (room) {
            exchange.begin(frame.headers(), frame.isEndStream());
        } else {
            uncounted = exchange;
            exchange.tooMany();
            uncounted = null;
        }
    }

    /** All of it has passed, or nothing does any more. */
    void ended(Http2Exchange exchange) {
        heads.drop(exchange.stream());
        if (exchanges.remove(exchange.stream().id(), exchange)) {
            if (exchange != uncounted) {
                streams.giveBack(requests.agent());
            }
            if (exchanges.isEmpty()) {
                quietSince = System.nanoTime();
                lookAfter(limits.between().toNanos());
            }
        }
    }

    /** Of the server's answer: waits until the agent takes more. Content goes behind what is done. */
    ChannelFuture head(Http2HeadersFrame frame) {
        return heads.add(frame);
    }

    ChannelFuture write(Http2Frame frame) {
        ChannelHandlerContext its = context;
        if (its == null) {
            throw new IllegalStateException("the connection was not begun");
        }
        return its.writeAndFlush(frame);
    }

    /** The agent may send so many bytes more on the stream. */
    void taken(Http2FrameStream stream, int count) {
        ChannelHandlerContext its = context;
        if (count > 0 && !ended && its != null) {
            its.writeAndFlush(new DefaultHttp2WindowUpdateFrame(count).stream(stream));
        }
    }

    void later(Runnable what, Duration time) {
        front.eventLoop().schedule(what, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    void reset(Http2FrameStream stream, long errorCode) {
        if (!ended) {
            write(new DefaultHttp2ResetFrame(errorCode).stream(stream));
        }
    }

    /** What the codec resets before it has told of it is a head that can't be read, or one too many. */
    private void reset(int number, long errorCode) {
        if (number > highest) {
            highest = number;
            first = false;
            requests.tell(
                    HttpExchange.unread(),
                    errorCode == Http2Error.REFUSED_STREAM.code() ? HttpVerdict.TOO_MANY : HttpVerdict.MALFORMED);
        }
    }

    @Override
    public boolean holds() {
        return requests.tls()
                        .map(Requests.Tls::permit)
                        .or(() -> Optional.ofNullable(last))
                        .map(requests::holds)
                        .orElse(true)
                && exchanges.values().stream().allMatch(Http2Exchange::holds);
    }

    @Override
    public void cut() {
        end(HttpVerdict.REVOKED);
    }

    /** Ends both sides at once. */
    private void end(HttpVerdict why) {
        if (ended) {
            return;
        }
        if (exchanges.isEmpty()) {
            requests.tell(HttpExchange.unread(), why);
        }
        close(why);
        Relay.Resets.reset(front);
    }

    private void close(HttpVerdict why) {
        ended = true;
        if (look != null) {
            look.cancel(false);
        }
        List.copyOf(exchanges.values()).forEach(exchange -> exchange.end(why));
        servers.close();
    }

    private void lookAfter(long nanos) {
        if (look != null) {
            look.cancel(false);
        }
        if (!ended) {
            look = front.eventLoop().schedule(this::lookAtTime, Math.max(nanos, 1), TimeUnit.NANOSECONDS);
        }
    }

    private void lookAtTime() {
        long now = System.nanoTime();
        if (exchanges.isEmpty()) {
            long left = (first ? limits.hello() : limits.between()).toNanos() - (now - quietSince);
            if (left > 0) {
                lookAfter(left);
            } else if (first) {
                end(HttpVerdict.INCOMPLETE);
            } else {
                close(HttpVerdict.PASSED);
                front.close();
            }
            return;
        }
        long idle = limits.idle().toNanos();
        List.copyOf(exchanges.values()).stream()
                .filter(exchange -> now - exchange.lastMove() >= idle)
                .forEach(Http2Exchange::idle);
        long next = exchanges.values().stream()
                .mapToLong(exchange -> idle - (now - exchange.lastMove()))
                .min()
                .orElse(limits.between().toNanos());
        lookAfter(next);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext its) {
        heads.goOn();
        its.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext its, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !ended) {
            leave();
            front.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext its) throws Exception {
        if (!ended) {
            leave();
        }
        super.channelInactive(its);
    }

    /** The agent has gone. */
    private void leave() {
        if (first) {
            requests.tell(HttpExchange.unread(), HttpVerdict.INCOMPLETE);
        }
        List.copyOf(exchanges.values()).forEach(Http2Exchange::cancelled);
        close(HttpVerdict.PASSED);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext its, Throwable cause) {
        if (ended) {
            return;
        }
        switch (cause) {
            case Http2FrameStreamException inStream -> {
                Http2Exchange exchange = exchanges.get(inStream.stream().id());
                if (exchange == null) {
                    reset(inStream.stream(), inStream.error().code());
                } else {
                    exchange.malformed();
                }
            }
            case Http2Exception inConnection -> {
                // Netty's handler says so to the agent, and ends the connection behind it.
                requests.tell(HttpExchange.unread(), verdict(inConnection.error()));
                close(HttpVerdict.BROKEN);
            }
            default -> {
                leave();
                Relay.Resets.reset(front);
            }
        }
    }

    private HttpVerdict verdict(Http2Error error) {
        return switch (error) {
            case ENHANCE_YOUR_CALM -> HttpVerdict.TOO_MANY;
            default -> first ? HttpVerdict.NOT_HTTP : HttpVerdict.MALFORMED;
        };
    }
}
