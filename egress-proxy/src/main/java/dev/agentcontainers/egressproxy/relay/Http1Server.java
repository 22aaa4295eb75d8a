package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection of HTTP/1.1 inside TLS to a server that knows no HTTP/2: for one of the agent's streams at a time. For the event loop's
 * thread.
 */
final class Http1Server extends ChannelInboundHandlerAdapter {
    private final Consumer<Http1Server> free;
    private final AnswerReads reads = new AnswerReads();
    private @Nullable Channel channel;
    private @Nullable Stream stream;
    private @Nullable Runnable onEnd;
    private boolean asksForMore;
    private boolean inputEnded;
    private boolean ended;

    /** @param free is told when it can take another request, or is not usable any more */
    Http1Server(Consumer<Http1Server> free) {
        this.free = free;
    }

    /** Takes over a connection on which TLS was agreed and nothing was read inside. */
    void begin(Channel made) {
        channel = made;
        made.config().setRecvByteBufAllocator(reads);
        made.pipeline().addLast(new HttpClientCodec(HttpBack.strict(), false, false), new FlowControlHandler(), this);
        readOn();
    }

    /** Whether it can take another request. */
    boolean isUsable() {
        return !ended && !inputEnded && stream == null;
    }

    /** Whom to tell when it isn't usable any more while it is free. */
    void onEnd(Runnable told) {
        onEnd = told;
    }

    ServerStream open(ServerStream.Answer answer) {
        Stream its = new Stream(answer);
        stream = its;
        onEnd = null;
        return its;
    }

    private Channel channel() {
        Channel its = channel;
        if (its == null) {
            throw new IllegalStateException("there is no connection");
        }
        return its;
    }

    private void readOn() {
        if (ended) {
            return;
        }
        asksForMore = true;
        channel().read();
        if (asksForMore && inputEnded) {
            end();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        asksForMore = false;
        Stream its = stream;
        if (its == null || ended) {
            // Nobody has asked for it: it would be taken for the answer to the next request.
            ReferenceCountUtil.release(message);
            end();
            return;
        }
        try {
            if (message instanceof HttpResponse head) {
                its.begin(head);
            }
            if (message instanceof HttpContent content && !ended) {
                its.content(content);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            if (asksForMore) {
                end();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end();
    }

    /** What is under way is broken. */
    private void end() {
        if (ended) {
            return;
        }
        close();
        Stream its = stream;
        if (its != null) {
            stream = null;
            its.answer.broken(Http2Error.INTERNAL_ERROR.code());
        }
    }

    void close() {
        ended = true;
        Relay.Resets.reset(channel());
        if (onEnd != null) {
            onEnd.run();
        }
    }

    private final class Stream implements ServerStream {
        private final Answer answer;
        private boolean isHead;
        private boolean interim;
        private boolean keepsAlive;
        private boolean endsWithConnection;
        private boolean toldEnd;
        /** Bytes that were given and are not yet taken. */
        private int untaken;

        Stream(Answer answer) {
            this.answer = answer;
        }

        private boolean isOpen() {
            return stream == this;
        }

        @Override
        public void isCharged() {
            Onward.holdLittleOf(channel());
        }

        @Override
        public ChannelFuture head(HttpRequest request, boolean trailers, boolean last) {
            isHead = request.method().equals(HttpMethod.HEAD);
            Channel to = channel();
            if (!last) {
                return to.writeAndFlush(request);
            }
            to.write(request);
            return to.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }

        @Override
        public ChannelFuture content(ByteBuf bytes, boolean last) {
            return channel().writeAndFlush(last ? new DefaultLastHttpContent(bytes) : new DefaultHttpContent(bytes));
        }

        @Override
        public ChannelFuture trailers(Http2Headers trailers) {
            return channel().writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }

        void begin(HttpResponse head) {
            int status = head.status().code();
            if (head.decoderResult().isFailure() || status == 101) {
                end();
                return;
            }
            interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
            Http2Headers headers = Http2Head.ofAnswer(head.headers());
            if (interim) {
                answer.head(status, headers, false);
                readOn();
                return;
            }
            boolean ownEnd =
                    head.headers().contains(HttpHeaderNames.CONTENT_LENGTH) || HttpUtil.isTransferEncodingChunked(head);
            endsWithConnection = !ownEnd && !isHead && status != 204 && status != 304;
            keepsAlive = HttpUtil.isKeepAlive(head);
            reads.expect(isHead ? 0 : HttpUtil.getContentLength(head, 0L));
            answer.head(status, headers, false);
            readOn();
        }

        void content(HttpContent content) {
            if (content.decoderResult().isFailure()) {
                end();
                return;
            }
            boolean last = content instanceof LastHttpContent;
            int count = content.content().readableBytes();
            if (interim) {
                readOn();
                return;
            }
            reads.took(count);
            Inside inside = channel().pipeline().get(Inside.class);
            if (last && endsWithConnection && inside != null && inside.isCutOff()) {
                end();
                return;
            }
            if (count > 0) {
                untaken += count;
                answer.content(content.content());
            }
            if (last) {
                toldEnd = true;
                reads.expect(0);
                Http2Headers behind = Http2Head.ofAnswer(((LastHttpContent) content).trailingHeaders());
                answer.end(behind.isEmpty() ? null : behind);
            } else if (count == 0) {
                readOn();
            }
        }

        @Override
        public void taken(int bytes) {
            untaken -= bytes;
            if (isOpen() && untaken == 0 && !toldEnd) {
                readOn();
            }
        }

        @Override
        public void done() {
            if (!isOpen()) {
                return;
            }
            stream = null;
            if (keepsAlive && !endsWithConnection && !ended) {
                // Also then: what comes unasked for ends the connection, and so does its end.
                readOn();
                free.accept(Http1Server.this);
            } else {
                close();
            }
        }

        @Override
        public void cancel() {
            if (isOpen()) {
                stream = null;
                close();
            }
        }
    }
}
