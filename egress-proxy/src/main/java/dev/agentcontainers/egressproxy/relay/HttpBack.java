package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.protocol.names.HttpVerdict;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The connection to the server, which lasts as long as the agent's: what it answers goes to the agent. For the event loop's thread. */
final class HttpBack extends ChannelInboundHandlerAdapter {
    private static final int LONGEST_LINE = 8 << 10;
    private static final int LONGEST_HEADERS = 64 << 10;
    private static final int MOST_HEADERS = 256;

    private final HttpRelay relay;
    private final AnswerReads reads = new AnswerReads();
    private @Nullable Channel channel;
    private boolean open;
    private boolean interim;
    private boolean keepsAlive;
    private boolean asksForMore;
    private boolean inputEnded;
    private final FlowControlHandler flow = new FlowControlHandler();
    /** Whether the connection goes on as a WebSocket behind the message that comes. */
    private boolean accepted;

    private @Nullable Inside inside;
    /** Whether the answer's content ends where the connection does. */
    private boolean endsWithConnection;

    /**
     * What goes around what is sent and comes.
     *
     * @param trusted by whom the server has to be certified, for its name
     */
    record Security(SslContext trusted, String serverName) {}

    HttpBack(HttpRelay relay) {
        this.relay = relay;
    }

    /** How answers are decoded. */
    static HttpDecoderConfig strict() {
        return new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(LONGEST_HEADERS)
                .setMaxChunkSize(AnswerReads.MUCH)
                .setHeadersFactory(new FewHeaders(MOST_HEADERS))
                .setTrailersFactory(new FewHeaders(MOST_HEADERS));
    }

    /** Only once. Is done when everything is there that a request needs. */
    ChannelFuture connect(EventLoop loop, Way way, Optional<Security> security, Duration patience) {
        ChannelFuture connecting = way.connect(loop, patience, new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel made) {
                made.config().setRecvByteBufAllocator(reads);
                security.ifPresent(each -> encrypt(made, each, way.to().getPort(), patience));
                made.pipeline().addLast(new HttpClientCodec(strict(), false, false), flow, HttpBack.this);
            }
        });
        channel = connecting.channel();
        ChannelPromise ready = connecting.channel().newPromise();
        connecting.addListener(connected -> {
            SslHandler tls = connecting.channel().pipeline().get(SslHandler.class);
            if (!connected.isSuccess()) {
                ready.setFailure(connected.cause());
            } else if (tls == null) {
                open(ready);
            } else {
                connecting.channel().read();
                tls.handshakeFuture().addListener(agreed -> {
                    if (agreed.isSuccess()) {
                        open(ready);
                    } else {
                        ready.setFailure(agreed.cause());
                    }
                });
            }
        });
        return ready;
    }

    private void open(ChannelPromise ready) {
        open = true;
        readOn();
        ready.setSuccess();
    }

    private void encrypt(Channel made, Security security, int port, Duration patience) {
        SslHandler tls = security.trusted().newHandler(made.alloc(), security.serverName(), port);
        tls.setHandshakeTimeoutMillis(patience.toMillis());
        TlsBounds bounds = new TlsBounds();
        Inside decrypted = new Inside(bounds);
        inside = decrypted;
        made.pipeline().addLast(bounds, tls, decrypted);
    }

    /** What a connection that could not be made is told as. */
    static HttpVerdict failure(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof CertificateException) {
                return HttpVerdict.UNTRUSTED_SERVER;
            }
        }
        return HttpVerdict.UNREACHABLE;
    }

    boolean isOpen() {
        return open;
    }

    /** Whether there may be another request after the answer that has come. */
    boolean keepsAlive() {
        return keepsAlive && open && !inputEnded;
    }

    ChannelFuture write(Object part) {
        Channel to = channel;
        if (to == null) {
            throw new IllegalStateException("there is no connection");
        }
        return to.writeAndFlush(part);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        asksForMore = false;
        relay.moves();
        if (!relay.isPassing()) {
            // Nobody has asked for it: it would be taken for the answer to the next request.
            ReferenceCountUtil.release(message);
            relay.endedByServer();
        } else if (message instanceof HttpResponse answer) {
            begin(answer);
        } else if (message instanceof HttpContent content) {
            handOn(content);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private void begin(HttpResponse answer) {
        accepted = answer.decoderResult().isSuccess() && relay.exchange().isAcceptedBy(answer);
        if (answer.decoderResult().isFailure()
                || (!accepted && answer.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS))) {
            ReferenceCountUtil.release(answer);
            relay.end(HttpVerdict.BROKEN);
            return;
        }
        if (accepted) {
            relay.exchange().answeredWith(answer.status().code());
            if (WebSocketHandshake.options(answer.headers()).size() > 1) {
                answer.headers().set(HttpHeaderNames.CONNECTION, "Upgrade");
            }
            handOn(answer);
            return;
        }
        interim = answer.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        if (!interim) {
            relay.exchange().answeredWith(answer.status().code());
            endsWithConnection = !hasItsEnd(answer);
            reads.expect(hasContent(answer) ? HttpUtil.getContentLength(answer, 0L) : 0);
            keepsAlive = HttpUtil.isKeepAlive(answer) && !endsWithConnection;
            if (!keepsAlive) {
                answer.headers().set(HttpHeaderNames.CONNECTION, "close");
            }
        }
        handOn(answer);
    }

    private void handOn(HttpResponse answer) {
        relay.pay(
                Charging.size(answer),
                answer,
                () -> relay.answer(answer).addListener(sent -> readOnUnless(!sent.isSuccess())));
    }

    /** Whether it is known where it ends without the end of the connection. */
    private boolean hasItsEnd(HttpResponse answer) {
        return !hasContent(answer)
                || answer.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                || HttpUtil.isTransferEncodingChunked(answer);
    }

    private boolean hasContent(HttpResponse answer) {
        return !(relay.exchange().isHead()
                || answer.status().equals(HttpResponseStatus.NO_CONTENT)
                || answer.status().equals(HttpResponseStatus.NOT_MODIFIED));
    }

    private void handOn(HttpContent content) {
        if (content.decoderResult().isFailure()) {
            content.release();
            relay.end(HttpVerdict.BROKEN);
            return;
        }
        if (accepted) {
            endMessages(content);
            return;
        }
        long size = content.content().readableBytes();
        if (content instanceof LastHttpContent behind) {
            size += Charging.size(behind.trailingHeaders());
        }
        if (size > 0) {
            relay.pay(size, content, () -> write(content));
        } else {
            write(content);
        }
    }

    private void write(HttpContent content) {
        HttpExchange its = relay.exchange();
        its.receives(content.content().readableBytes());
        reads.took(content.content().readableBytes());
        boolean last = content instanceof LastHttpContent && !interim;
        if (last && endsWithConnection && inside != null && inside.isCutOff()) {
            content.release();
            relay.end(HttpVerdict.BROKEN);
            return;
        }
        relay.answer(content).addListener(sent -> {
            relay.moves();
            if (sent.isSuccess() && last) {
                its.endAnswer();
                relay.goOnAfterAnswer();
            }
            // Also then: what comes unasked for ends the connection, and so does its end.
            readOnUnless(!sent.isSuccess());
        });
    }

    /** Nothing is asked for behind the end of the answer that accepts: what comes then is none. */
    private void endMessages(HttpContent content) {
        if (content.content().isReadable() || !(content instanceof LastHttpContent)) {
            content.release();
            relay.end(HttpVerdict.BROKEN);
            return;
        }
        relay.answer(content).addListener(sent -> {
            if (sent.isSuccess()) {
                relay.goOnAsWebSocket();
            } else {
                relay.end(HttpVerdict.BROKEN);
            }
        });
    }

    /** The connection, on which nothing is written as a message any more, and nothing that comes ends here. */
    SocketChannel withoutMessages() {
        if (!(channel instanceof SocketChannel socket)) {
            throw new IllegalStateException("there is no connection");
        }
        reads.expect(Long.MAX_VALUE);
        socket.pipeline().get(HttpClientCodec.class).removeOutboundHandler();
        socket.pipeline().remove(this);
        return socket;
    }

    /** Gives what came behind the last message to whoever is last in the pipeline. */
    void giveTheRest() {
        if (channel != null) {
            channel.pipeline().remove(flow);
            channel.pipeline().remove(HttpClientCodec.class);
        }
    }

    boolean hasInputEnded() {
        return inputEnded;
    }

    private void readOnUnless(boolean failed) {
        if (failed) {
            relay.end(HttpVerdict.BROKEN);
        } else {
            readOn();
        }
    }

    private void readOn() {
        Channel from = channel;
        if (!open || from == null) {
            return;
        }
        asksForMore = true;
        from.read();
        if (asksForMore && inputEnded) {
            relay.endedByServer();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            if (asksForMore) {
                relay.endedByServer();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (open) {
            open = false;
            relay.endedByServer();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (open) {
            open = false;
            context.close();
            relay.endedByServer();
        }
    }

    /** What comes has to be paid for. */
    void isCharged() {
        if (channel != null) {
            Onward.holdLittleOf(channel);
        }
    }

    void close() {
        open = false;
        if (channel != null) {
            channel.close();
        }
    }

    void reset() {
        open = false;
        if (channel != null) {
            Relay.Resets.reset(channel);
        }
    }
}
