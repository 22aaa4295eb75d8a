package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's decoder, which besides looks at the bytes of each head that it has read: what RFC 9112 lets a recipient repair, and recipients
 * repair differently, is a failure here. That are lines that end otherwise than by CR LF, lines that go on in the next (obs-fold), control
 * characters and what is beyond ASCII, tabs between the words of a request's line, and a length beside a transfer coding.
 *
 * <p>What comes behind a request that asks for another protocol is read neither as requests nor as anything else until it is known
 * which of both it is, and no more of it is read from the connection meanwhile.
 */
final class StrictRequestDecoder extends HttpRequestDecoder {
    /** Of a request's line, as long as most servers let it be. */
    private static final int LONGEST_LINE = 8 << 10;

    private static final int LONGEST_CHUNK = 8 << 10;

    /** Bytes of which it isn't known what they are, should they be read although they are not asked for ({@link #reads()}). */
    private static final int MOST_WAITING = 64 << 10;

    private static final byte CR = 13;
    private static final byte LF = 10;

    private boolean inHead = true;
    private byte last = LF;
    /** Whether the request's own line has not ended. */
    private boolean inLine = true;

    private boolean isEmptyLine = true;
    private boolean wrong;
    private @Nullable ChannelHandlerContext its;
    /** Whether the request whose content comes asks for another protocol. */
    private boolean upgrade;

    private boolean waiting;
    private boolean waitsNoMore;
    /** Whether the input has ended behind what waits. */
    private boolean endsBehind;

    private final ChannelHandler reads = new ChannelOutboundHandlerAdapter() {
        @Override
        public void read(ChannelHandlerContext context) {
            if (!waits()) {
                context.read();
            }
        }
    };

    StrictRequestDecoder() {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(HeadLimits.LONGEST_HEADERS)
                .setMaxChunkSize(LONGEST_CHUNK)
                .setHeadersFactory(new FewHeaders(HeadLimits.MOST_HEADERS))
                .setTrailersFactory(new FewHeaders(HeadLimits.MOST_HEADERS))
                .setAllowDuplicateContentLengths(false)
                .setStrictLineParsing(true));
    }

    /** What it takes of the bytes before it has given a request is that request's head, and nothing else. */
    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf buffer, List<Object> out) throws Exception {
        if (waits()) {
            if (buffer.readableBytes() > MOST_WAITING) {
                throw new TooLongFrameException(
                        "more than " + MOST_WAITING + " bytes came before it was known what they are");
            }
            return;
        }
        int begin = buffer.readerIndex();
        int given = out.size();
        super.decode(context, buffer, out);
        if (inHead) {
            for (int index = begin; index < buffer.readerIndex(); index++) {
                look(buffer.getByte(index));
            }
        }
        for (Object message : out.subList(given, out.size())) {
            if (message instanceof HttpRequest request) {
                judge(request);
                inHead = false;
                upgrade = request.headers().contains(HttpHeaderNames.UPGRADE);
            }
            if (message instanceof LastHttpContent) {
                inHead = true;
                last = LF;
                inLine = true;
                isEmptyLine = true;
                wrong = false;
                waiting = upgrade;
            }
        }
    }

    private boolean waits() {
        return waiting && !waitsNoMore;
    }

    /**
     * To stand before this one: keeps it, and whoever is behind it, from reading more while what has come has to wait. Netty's decoders
     * read for as long as nothing comes of what they read, and a read may have been asked for before it was known that there is to wait.
     */
    ChannelHandler reads() {
        return reads;
    }

    /** An end of the input is told, but ends nothing here before what came before it was looked at: Netty's decoders forget it with that. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof ChannelInputShutdownEvent && waits()) {
            endsBehind = true;
            context.fireUserEventTriggered(event);
        } else {
            super.userEventTriggered(context, event);
        }
    }

    /** The request that asked for another protocol was answered in this one: what is behind it are requests. Not from within a read. */
    void goOn() throws Exception {
        ChannelHandlerContext context = its;
        if (waiting && context != null) {
            waiting = false;
            channelRead(context, Unpooled.EMPTY_BUFFER);
            // Each read has an end, or it counts for the next that something has come of it.
            channelReadComplete(context);
            if (endsBehind && !waiting) {
                endsBehind = false;
                super.userEventTriggered(context, ChannelInputShutdownEvent.INSTANCE);
            }
        }
    }

    /** All that still comes is for nobody. */
    void waitNoMore() {
        waitsNoMore = true;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        super.handlerAdded(context);
        its = context;
    }

    private void look(byte each) {
        boolean control = each < ' ' && each != CR && each != LF && each != '\t';
        boolean folded = last == LF && (each == ' ' || each == '\t');
        boolean tabInLine = inLine && each == '\t';
        if (each == 0x7f || control || folded || tabInLine || (each == LF) != (last == CR)) {
            wrong = true;
        }
        // Lines before the request's are empty.
        inLine &= each != LF || isEmptyLine;
        isEmptyLine = each == LF || (isEmptyLine && each == CR);
        last = each;
    }

    private void judge(HttpRequest request) {
        if (wrong && request.decoderResult().isSuccess()) {
            request.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("a head in doubtful form")));
        }
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("a request has a length and a transfer coding");
    }
}
