package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.MessageSocket;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;

/** What is written is sent as a stream's output, at the pace of who takes it. For one thread. */
final class SentArchive extends OutputStream {
    private static final int BLOCK = 64 << 10;

    private final MessageSocket socket;
    private final byte[] block = new byte[BLOCK];
    private int filled;

    SentArchive(MessageSocket socket) {
        this.socket = socket;
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        int at = offset;
        while (at < offset + length) {
            int count = Math.min(BLOCK - filled, offset + length - at);
            System.arraycopy(source, at, block, filled, count);
            filled += count;
            at += count;
            if (filled == BLOCK) {
                flush();
            }
        }
    }

    @Override
    public void flush() throws IOException {
        if (filled == 0) {
            return;
        }
        byte[] content = Arrays.copyOf(block, filled);
        filled = 0;
        try {
            socket.send(StreamFrame.withChannel(StreamFrame.OUTPUT, content, content.length));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an archive was sent");
        }
    }
}
