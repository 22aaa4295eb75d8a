package dev.agentcontainers.egressproxy.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.Function;

/**
 * Heads of answers on their way to an agent. No window of HTTP/2 bounds them, so they wait here, in their order, until the connection takes
 * more, and only so much of them. For the event loop's thread.
 */
final class HeadsToAgent {
    /** What waits for one connection: names, values and what keeps them, in bytes. */
    static final int MOST_WAITING = 256 << 10;

    /** Of a header beside its name and value. */
    private static final int OF_HEADER = 128;

    private final Channel front;
    private final Function<Http2Frame, ChannelFuture> write;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int held;
    private boolean going;

    private record Waiting(Http2HeadersFrame frame, int size, ChannelPromise written) {}

    /** @param write to the front */
    HeadsToAgent(Channel front, Function<Http2Frame, ChannelFuture> write) {
        this.front = front;
        this.write = write;
    }

    /** Is done when it is written, and fails where there is too much that waits. */
    ChannelFuture add(Http2HeadersFrame frame) {
        if (waiting.isEmpty() && front.isWritable()) {
            return write.apply(frame);
        }
        int size = size(frame.headers());
        if (held + size > MOST_WAITING) {
            return front.newFailedFuture(
                    new Http2Exception(Http2Error.ENHANCE_YOUR_CALM, "the agent does not take what is answered"));
        }
        Waiting last = new Waiting(frame, size, front.newPromise());
        held += size;
        waiting.add(last);
        return last.written();
    }

    private static int size(Http2Headers headers) {
        int size = 0;
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            size += header.getKey().length() + header.getValue().length() + OF_HEADER;
        }
        return size;
    }

    /** To be called when the connection may take more. */
    void goOn() {
        if (going) {
            return;
        }
        going = true;
        try {
            while (front.isWritable() && !waiting.isEmpty()) {
                Waiting next = waiting.remove();
                held -= next.size();
                write.apply(next.frame()).addListener(written -> {
                    if (written.isSuccess()) {
                        next.written().setSuccess();
                    } else {
                        next.written().setFailure(written.cause());
                    }
                });
            }
        } finally {
            going = false;
        }
    }

    /** Nothing of the stream is wanted any more. */
    void drop(Http2FrameStream stream) {
        waiting.removeIf(each -> {
            if (each.frame().stream() != stream) {
                return false;
            }
            held -= each.size();
            return true;
        });
    }
}
