package dev.agentcontainers.egressproxy.relay;

import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/**
 * How much of a server's answers is read at once: little where what is decoded takes a multiple of it, and more of content whose
 * length is known, but not beyond its end. For one connection, on its event loop's thread.
 */
final class AnswerReads extends DefaultMaxMessagesRecvByteBufAllocator {
    static final int MUCH = 16 << 10;
    private static final int LITTLE = 4 << 10;

    private long content;

    /** So many bytes of content come next; 0 where that isn't known. */
    void expect(long bytes) {
        content = bytes;
    }

    void took(int bytes) {
        content = Math.max(0, content - bytes);
    }

    int next() {
        return Math.clamp(content, LITTLE, MUCH);
    }

    @Override
    public Handle newHandle() {
        return new MaxMessageHandle() {
            @Override
            public int guess() {
                return next();
            }
        };
    }
}
