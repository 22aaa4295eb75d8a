package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.protocol.StreamRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads an agent's log as a user asked for it. Follows by looking at the file again, not by inotify, of which a user has
 * few; a file that was replaced is read to its end before the new one, one that was cut short is read from its start.
 * Used once, by one thread.
 */
final class LogReader {
    private static final int BLOCK = 32 * 1024;
    private static final int LONGEST_LINE = 1024 * 1024;

    private final Path file;
    private final StreamRequest.Log request;
    private final BooleanSupplier finished;
    private final Duration interval;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final LineJoiner joiner;
    private @Nullable Object openedKey;

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
        FileChannel channel = null;
        boolean first = true;
        try {
            while (true) {
                // Asked before reading: what was written until then is read below.
                boolean last = !request.follow() || finished.getAsBoolean();
                if (channel == null) {
                    channel = open();
                    if (channel != null && first) {
                        Integer lines = request.tailLines();
                        channel.position(lines == null ? 0 : LogTail.start(channel, lines));
                    }
                    first = false;
                }
                if (channel != null) {
                    read(channel, last && !request.follow() ? channel.size() : Long.MAX_VALUE, sink);
                    if (isReplaced(channel)) {
                        channel.close();
                        channel = null;
                        continue;
                    }
                }
                if (last) {
                    break;
                }
                Thread.sleep(interval);
            }
            endLine();
            joiner.finish();
            flush(sink);
        } finally {
            if (channel != null) {
                channel.close();
            }
        }
    }

    private @Nullable FileChannel open() throws IOException {
        try {
            FileChannel opened = FileChannel.open(file, StandardOpenOption.READ);
            openedKey = key();
            return opened;
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private @Nullable Object key() {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    private boolean isReplaced(FileChannel channel) throws IOException {
        if (channel.size() < channel.position()) {
            line.reset();
            return true;
        }
        Object present = key();
        if (present != null && !Objects.equals(present, openedKey)) {
            endLine();
            return true;
        }
        return false;
    }

    private void read(FileChannel channel, long end, Sink sink) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.allocate(BLOCK);
        while (channel.position() < end) {
            buffer.clear();
            buffer.limit((int) Math.min(BLOCK, end - channel.position()));
            if (channel.read(buffer) < 0) {
                break;
            }
            buffer.flip();
            while (buffer.hasRemaining()) {
                take(buffer.get());
            }
            if (out.size() >= BLOCK) {
                flush(sink);
            }
        }
        flush(sink);
    }

    private void take(byte next) {
        if (next == '\n' || line.size() >= LONGEST_LINE) {
            endLine();
        }
        if (next != '\n') {
            line.write(next);
        }
    }

    private void endLine() {
        if (line.size() > 0) {
            joiner.add(CriLine.parse(line.toByteArray()));
            line.reset();
        }
    }

    private void flush(Sink sink) throws IOException, InterruptedException {
        byte[] text = out.toByteArray();
        out.reset();
        for (int start = 0; start < text.length; start += BLOCK) {
            sink.write(java.util.Arrays.copyOfRange(text, start, Math.min(text.length, start + BLOCK)));
        }
    }
}
