package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameLogger;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.logging.LogLevel;
import java.time.Duration;

/**
 * Netty's codecs of HTTP/2, with the limits that both sides of it get. They hold to the order of frames, to windows, sizes, names of
 * headers and pseudo-headers, and end connections that reset streams or send empty frames again and again. Source: RFC 9113.
 */
final class Http2Codecs {
    /**
     * Names, values and 32 for each of a request, in bytes: more than {@link HeadLimits} let pass, so that it can be told that it is too
     * much. The connection ends at a head that takes a quarter more as it comes.
     */
    private static final int LONGEST_REQUEST_HEAD = 24 << 10;

    /** The same of an answer, and far more than may pass: the agent's other streams are on the connection that would end. */
    private static final int LONGEST_ANSWER_HEAD = 64 << 10;

    /** Content of one stream that may come before any of it was taken, when the agent has acknowledged that it is no more. */
    private static final int WINDOW = 32 << 10;

    /** The same of an answer. */
    static final int WINDOW_OF_ANSWERS = 64 << 10;

    /** Of all answers of a connection, what may be on its way from a server that is far away. */
    static final int WINDOW_OF_SERVER = 1 << 20;

    /** Answers to PING, SETTINGS and the like that the other side has not taken. */
    private static final int MOST_OWN_FRAMES = 512;

    /** Frames that carry nothing, with none that does between them in either direction. */
    private static final int MOST_WITHOUT_CONTENT = 1024;

    /** How long an ended connection stays for what is under way to the other side. */
    static final Duration LINGER = Duration.ofSeconds(1);

    private Http2Codecs() {}

    /** Is told of resets that go out. */
    interface Resets {
        void reset(int stream, long errorCode);
    }

    /**
     * Towards the agent.
     *
     * @param resets is told of the streams that the codec or anybody resets
     * @param flood is told when frames come and come that carry nothing
     */
    static Http2FrameCodec server(int streams, Resets resets, Runnable flood) {
        return boundedByStreams(Http2FrameCodecBuilder.forServer()
                .initialSettings(new Http2Settings()
                        .maxConcurrentStreams(streams)
                        .initialWindowSize(WINDOW)
                        .maxHeaderListSize(LONGEST_REQUEST_HEAD))
                .encoderEnforceMaxQueuedControlFrames(MOST_OWN_FRAMES)
                .gracefulShutdownTimeoutMillis(LINGER.toMillis())
                .frameLogger(new Looks(resets, flood))
                .build());
    }

    /**
     * Towards a server, which may push nothing.
     *
     * @param flood is told when frames come and come that carry nothing
     */
    static Http2FrameCodec client(Runnable flood) {
        Http2FrameCodec codec = boundedByStreams(Http2FrameCodecBuilder.forClient()
                .initialSettings(new Http2Settings()
                        .pushEnabled(false)
                        .maxConcurrentStreams(0)
                        .initialWindowSize(WINDOW_OF_ANSWERS)
                        .maxHeaderListSize(LONGEST_ANSWER_HEAD))
                .encoderEnforceMaxQueuedControlFrames(MOST_OWN_FRAMES)
                .gracefulShutdownTimeoutMillis(LINGER.toMillis())
                .frameLogger(new Looks((_, _) -> {}, flood))
                .build());
        // Before any request it is told that it may not; Netty would hold to that only when it has acknowledged it.
        codec.connection().local().allowPushTo(false);
        return codec;
    }

    /**
     * What has come counts no more for the connection's window, only for its stream's: a few streams whose content nobody takes would stop
     * all others otherwise, and both sides may wait for each other so. What is held is bounded by the streams there may be.
     */
    private static Http2FrameCodec boundedByStreams(Http2FrameCodec codec) {
        Http2Connection connection = codec.connection();
        connection
                .local()
                .flowController(new DefaultHttp2LocalFlowController(
                                connection, DefaultHttp2LocalFlowController.DEFAULT_WINDOW_UPDATE_RATIO, true)
                        .frameWriter(codec.encoder().frameWriter()));
        return codec;
    }

    /** Sees what the codec tells nobody of. */
    private static final class Looks extends Http2FrameLogger {
        private final Resets resets;
        private final Runnable flood;
        private int withoutContent;

        Looks(Resets resets, Runnable flood) {
            super(LogLevel.TRACE, Http2Codecs.class);
            this.resets = resets;
            this.flood = flood;
        }

        @Override
        public void logRstStream(Direction direction, ChannelHandlerContext context, int streamId, long errorCode) {
            if (direction == Direction.OUTBOUND) {
                resets.reset(streamId, errorCode);
            }
        }

        @Override
        public void logData(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                ByteBuf data,
                int padding,
                boolean endStream) {
            withoutContent = 0;
        }

        @Override
        public void logHeaders(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                Http2Headers headers,
                int padding,
                boolean endStream) {
            withoutContent = 0;
        }

        @Override
        public void logHeaders(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                Http2Headers headers,
                int streamDependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean endStream) {
            withoutContent = 0;
        }

        @Override
        public void logPriority(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                int streamDependency,
                short weight,
                boolean exclusive) {
            count(direction);
        }

        @Override
        public void logSettingsAck(Direction direction, ChannelHandlerContext context) {
            count(direction);
        }

        @Override
        public void logSettings(Direction direction, ChannelHandlerContext context, Http2Settings settings) {
            count(direction);
        }

        @Override
        public void logPing(Direction direction, ChannelHandlerContext context, long data) {
            count(direction);
        }

        @Override
        public void logPingAck(Direction direction, ChannelHandlerContext context, long data) {
            count(direction);
        }

        @Override
        public void logWindowsUpdate(
                Direction direction, ChannelHandlerContext context, int streamId, int windowSizeIncrement) {
            count(direction);
        }

        @Override
        public void logUnknownFrame(
                Direction direction,
                ChannelHandlerContext context,
                byte frameType,
                int streamId,
                Http2Flags flags,
                ByteBuf data) {
            count(direction);
        }

        private void count(Direction direction) {
            if (direction == Direction.INBOUND && ++withoutContent > MOST_WITHOUT_CONTENT) {
                flood.run();
            }
        }
    }
}
