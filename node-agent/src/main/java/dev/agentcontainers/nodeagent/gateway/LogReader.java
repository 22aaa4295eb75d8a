package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.log.CriLine;
import dev.agentcontainers.nodeagent.log.FollowedLog;
import dev.agentcontainers.protocol.StreamRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/** Reads an agent's log as a user asked for it. Used once, by one thread. */
final class LogReader {
    private static final int PIECE = 32 * 1024;

    private final Path file;
    private final StreamRequest.Log request;
    private final BooleanSupplier finished;
    private final Duration interval;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final LineJoiner joiner;

    /** Takes text; may block, which slows reading. */
    @FunctionalInterface
    interface Sink {
        void write(byte[] text) throws IOException, InterruptedException;
    }

    /**
     * @param finished true once nothing more will be written
     * @param interval between looks at a file that is followed
     */
    LogReader(Path file, StreamRequest.Log request, Instant now, BooleanSupplier finished, Duration interval) {
        this.file = file;
        this.request = request;
        this.finished = finished;
        this.interval = interval;
        this.joiner = new LineJoiner(request, now, out);
    }

    /** Returns at the end of the log: the present one, or the final one where it is followed. */
    void copyTo(Sink sink) throws IOException, InterruptedException {
        try (FollowedLog log = new FollowedLog(file, this::start, new ToSink(sink))) {
            if (request.follow()) {
                log.follow(finished, interval);
            } else {
                log.readPresent();
            }
        }
        joiner.finish();
        flush(sink);
    }

    private long start(FileChannel channel) throws IOException {
        Integer lines = request.tailLines();
        return lines == null ? 0 : LogTail.start(channel, lines);
    }

    private final class ToSink implements FollowedLog.Reader {
        private final Sink sink;

        private ToSink(Sink sink) {
            this.sink = sink;
        }

        @Override
        public void line(CriLine line) {
            joiner.add(line);
        }

        @Override
        public void pause() throws IOException, InterruptedException {
            flush(sink);
        }
    }

    private void flush(Sink sink) throws IOException, InterruptedException {
        byte[] text = out.toByteArray();
        out.reset();
        for (int start = 0; start < text.length; start += PIECE) {
            sink.write(Arrays.copyOfRange(text, start, Math.min(text.length, start + PIECE)));
        }
    }
}
