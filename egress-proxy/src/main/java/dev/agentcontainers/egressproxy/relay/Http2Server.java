package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection of HTTP/2 to a server, on which each request of the agent's is a stream. For the event loop's thread. */
final class Http2Server extends Http2ChannelDuplexHandler {
    /** Of a server that says nothing about it. */
    private static final long MOST_STREAMS = 100;

    private final boolean tls;
    private final Runnable ready;
    private final Runnable room;
    private final Map<Http2FrameStream, Stream> streams = new HashMap<>();
    private @Nullable ChannelHandlerContext context;
    private boolean wasReady;
    private boolean wasUsed;
    private boolean leaving;
    private boolean ended;
    private long most = MOST_STREAMS;

    /**
     * @param tls whether the connection is inside TLS
     * @param ready is told once, when it is known how many streams the server takes
     * @param room is told when there may be room for another
     */
    Http2Server(boolean tls, Runnable ready, Runnable room) {
        this.tls = tls;
        this.ready = ready;
        this.room = room;
    }

    @Override
    protected void handlerAdded0(ChannelHandlerContext its) {
        context = its;
    }

    /** @param patience until the server has said what it takes */
    void begin(Duration patience) {
        ChannelHandlerContext its = context();
        its.writeAndFlush(
                new DefaultHttp2WindowUpdateFrame(Http2Codecs.WINDOW_OF_SERVER - Http2CodecUtil.DEFAULT_WINDOW_SIZE));
        its.executor()
                .schedule(
                        () -> {
                            if (!wasReady) {
                                Relay.Resets.reset(its.channel());
                            }
                        },
                        patience.toMillis(),
                        TimeUnit.MILLISECONDS);
        its.read();
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext its = context;
        if (its == null) {
            throw new IllegalStateException("the connection was not begun");
        }
        return its;
    }

    boolean wasReady() {
        return wasReady;
    }

    /** Whether it has taken any request. */
    boolean wasUsed() {
        return wasUsed;
    }

    /** Whether it takes requests, now or when others are done. */
    boolean isUsable() {
        return wasReady && !leaving && !ended;
    }

    boolean hasRoom() {
        return isUsable()
                && streams.size() < most
                // Heads of requests have no window: they wait until the server takes what came before.
                && context().channel().isWritable();
    }

    ServerStream open(ServerStream.Answer answer) {
        wasUsed = true;
        Stream stream = new Stream(newStream(), answer);
        streams.put(stream.its, stream);
        return stream;
    }

    @Override
    public void channelRead(ChannelHandlerContext its, Object message) {
        switch (message) {
            case Http2HeadersFrame frame -> {
                Stream stream = streams.get(frame.stream());
                if (stream != null) {
                    stream.heads(frame);
                }
            }
            case Http2DataFrame frame -> {
                Stream stream = streams.get(frame.stream());
                if (stream == null) {
                    taken(frame.stream(), frame.initialFlowControlledBytes());
                } else {
                    stream.content(frame);
                }
                frame.release();
            }
            case Http2ResetFrame frame -> broken(frame.stream(), frame.errorCode());
            case Http2GoAwayFrame frame -> {
                leave(frame.lastStreamId());
                frame.release();
            }
            case Http2SettingsFrame frame -> {
                if (frame.settings().maxConcurrentStreams() != null) {
                    most = frame.settings().maxConcurrentStreams();
                }
                if (!wasReady) {
                    wasReady = true;
                    ready.run();
                } else {
                    room.run();
                }
            }
            default -> ReferenceCountUtil.release(message);
        }
    }

    /** The server takes no more, and has not looked at those behind the last: these may be sent again. */
    private void leave(int last) {
        leaving = true;
        List.copyOf(streams.values()).stream()
                .filter(stream -> stream.its.id() > last)
                .forEach(stream -> broken(stream.its, Http2Error.REFUSED_STREAM.code()));
        closeWhenDone();
        // Others go by a connection of their own.
        room.run();
    }

    private void closeWhenDone() {
        if (leaving && streams.isEmpty()) {
            context().close();
        }
    }

    private void broken(Http2FrameStream its, long errorCode) {
        Stream stream = remove(its);
        if (stream != null) {
            stream.answer.broken(errorCode);
            room.run();
        }
    }

    private @Nullable Stream remove(Http2FrameStream its) {
        Stream stream = streams.remove(its);
        closeWhenDone();
        return stream;
    }

    private ChannelFuture write(Http2Frame frame) {
        return context().writeAndFlush(frame);
    }

    private void taken(Http2FrameStream stream, int count) {
        if (count > 0 && !ended) {
            context().writeAndFlush(new DefaultHttp2WindowUpdateFrame(count).stream(stream));
        }
    }

    /** All that is under way is broken. */
    void end() {
        if (!ended) {
            ended = true;
            leaving = true;
            List.copyOf(streams.values()).forEach(stream -> stream.answer.broken(Http2Error.INTERNAL_ERROR.code()));
            streams.clear();
            Relay.Resets.reset(context().channel());
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext its) {
        if (its.channel().isWritable()) {
            // Not inside of what writes.
            its.executor().execute(room);
        }
        its.fireChannelWritabilityChanged();
    }

    /** An end without a word of TLS is no danger here: each answer says where it ends. */
    @Override
    public void userEventTriggered(ChannelHandlerContext its, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            end();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext its) throws Exception {
        end();
        super.channelInactive(its);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext its, Throwable cause) {
        if (cause instanceof Http2FrameStreamException inStream) {
            write(new DefaultHttp2ResetFrame(inStream.error()).stream(inStream.stream()));
            broken(inStream.stream(), Http2Error.PROTOCOL_ERROR.code());
        } else {
            end();
        }
    }

    private final class Stream implements ServerStream {
        private final Http2FrameStream its;
        private final Answer answer;
        private boolean answered;

        Stream(Http2FrameStream its, Answer answer) {
            this.its = its;
            this.answer = answer;
        }

        private boolean isOpen() {
            return streams.get(its) == this;
        }

        @Override
        public ChannelFuture head(HttpRequest request, boolean trailers, boolean last) {
            return write(new DefaultHttp2HeadersFrame(Http2Head.ofRequest(request, trailers, tls), last).stream(its));
        }

        @Override
        public ChannelFuture content(ByteBuf bytes, boolean last) {
            return write(new DefaultHttp2DataFrame(bytes, last).stream(its));
        }

        @Override
        public ChannelFuture trailers(Http2Headers trailers) {
            return write(new DefaultHttp2HeadersFrame(trailers, true).stream(its));
        }

        void heads(Http2HeadersFrame frame) {
            if (Http2Head.isTooLarge(frame.headers())) {
                cancel();
                answer.broken(Http2Error.INTERNAL_ERROR.code());
                return;
            }
            if (answered) {
                if (frame.isEndStream()) {
                    answer.end(Http2Head.ofAnswer(frame.headers()));
                }
                return;
            }
            CharSequence text = frame.headers().status();
            if (text == null || !text.toString().matches("[1-9][0-9]{2}")) {
                cancel();
                answer.broken(Http2Error.PROTOCOL_ERROR.code());
                return;
            }
            int status = Integer.parseInt(text.toString());
            answered = status >= 200;
            answer.head(status, Http2Head.ofAnswer(frame.headers()), frame.isEndStream());
        }

        void content(Http2DataFrame frame) {
            int count = frame.content().readableBytes();
            Http2Server.this.taken(its, frame.initialFlowControlledBytes() - count);
            answer.content(frame.content());
            if (frame.isEndStream()) {
                answer.end(null);
            }
        }

        @Override
        public void taken(int bytes) {
            if (isOpen()) {
                Http2Server.this.taken(its, bytes);
            }
        }

        @Override
        public void done() {
            if (isOpen()) {
                remove(its);
                room.run();
            }
        }

        @Override
        public void cancel() {
            if (isOpen()) {
                if (its.id() > 0) {
                    write(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(its));
                }
                remove(its);
                room.run();
            }
        }
    }
}
