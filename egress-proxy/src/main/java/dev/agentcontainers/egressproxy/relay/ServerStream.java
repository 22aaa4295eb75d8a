package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/** One request to the server and its answer, whatever version of HTTP the server has. For the event loop's thread. */
interface ServerStream extends HeldContent.Sink {
    /**
     * Sends the head, once and first.
     *
     * @param request as it was judged
     * @param trailers whether the agent takes headers behind content
     * @param last whether nothing comes behind
     */
    ChannelFuture head(HttpRequest request, boolean trailers, boolean last);

    /** Of the answer's content so many bytes were taken: so many more may come. */
    void taken(int bytes);

    /** What comes has to be paid for. Where there are windows these are all that comes before. */
    default void isCharged() {}

    /** All of request and answer has passed. */
    void done();

    /** Nothing of it is wanted any more. */
    void cancel();

    /** What comes back. Nothing is told after {@link #broken}. */
    interface Answer {
        /**
         * @param status 100 to 999; below 200 another head comes behind
         * @param headers without pseudo-headers and such that are for one connection
         */
        void head(int status, Http2Headers headers, boolean last);

        /** Keeps nothing of the bytes. */
        void content(ByteBuf bytes);

        void end(@Nullable Http2Headers trailers);

        /** @param errorCode by which the server has ended it, or what comes nearest */
        void broken(long errorCode);
    }
}
