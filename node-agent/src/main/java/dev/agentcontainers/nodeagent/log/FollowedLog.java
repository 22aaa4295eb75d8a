package dev.agentcontainers.nodeagent.log;

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
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A log that is read while it is written. Looks at the file again and again, not by inotify, of which a user has few. The
 * file is kept open: one that was replaced or removed is read to its end before a new one, one that was cut short is read
 * from its start. Used once, by one thread.
 */
public final class FollowedLog implements AutoCloseable {
    private static final int BLOCK = 32 * 1024;
    private static final int LONGEST_LINE = 1024 * 1024;

    private final Path file;
    private final Start start;
    private final Reader reader;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean begun;
    private @Nullable FileChannel channel;
    private @Nullable Object openedKey;

    /** Says where in the file reading begins. */
    @FunctionalInterface
    public interface Start {
        /** A position in bytes, where a line begins. */
        long in(FileChannel file) throws IOException;
    }

    /** Takes what is read; may block, which slows reading. */
    public interface Reader {
        void line(CriLine line) throws IOException, InterruptedException;

        /** Called after every few lines, and whenever there are no more for now. */
        void pause() throws IOException, InterruptedException;
    }

    /** @param start for a file that is there at the first look; others are read as a whole */
    public FollowedLog(Path file, Start start, Reader reader) {
        this.file = file;
        this.start = start;
        this.reader = reader;
    }

    /** Reads what the log holds now. */
    public void readPresent() throws IOException, InterruptedException {
        FileChannel present = open();
        if (present != null) {
            read(present, present.size());
        }
        endLine();
        reader.pause();
    }

    /**
     * Reads until nothing more will be written, and all of it.
     *
     * @param finished true once nothing more will be written
     * @param interval between looks at the file
     */
    public void follow(BooleanSupplier finished, Duration interval) throws IOException, InterruptedException {
        while (true) {
            // Asked before reading: what was written until then is read below.
            boolean last = finished.getAsBoolean();
            FileChannel present = open();
            if (present != null) {
                read(present, Long.MAX_VALUE);
                if (isReplaced(present)) {
                    closeFile();
                    continue;
                }
            }
            if (last) {
                break;
            }
            Thread.sleep(interval);
        }
        endLine();
        reader.pause();
    }

    private @Nullable FileChannel open() throws IOException {
        // A log that is begun later is read as a whole.
        boolean first = !begun;
        begun = true;
        while (channel == null) {
            Object before = key();
            FileChannel opened;
            try {
                opened = FileChannel.open(file, StandardOpenOption.READ);
            } catch (NoSuchFileException e) {
                return null;
            }
            Object after = key();
            // Another file came in its place just now: which of both was opened is not known.
            if (after != null && !Objects.equals(before, after)) {
                opened.close();
                continue;
            }
            channel = opened;
            openedKey = before;
            if (first) {
                opened.position(start.in(opened));
            }
        }
        return channel;
    }

    private @Nullable Object key() {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    private boolean isReplaced(FileChannel present) throws IOException, InterruptedException {
        if (present.size() < present.position()) {
            line.reset();
            return true;
        }
        Object now = key();
        if (now == null || Objects.equals(now, openedKey)) {
            return false;
        }
        // Once more: it may have been written to between the reading and the replacing.
        read(present, Long.MAX_VALUE);
        endLine();
        return true;
    }

    private void read(FileChannel present, long end) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.allocate(BLOCK);
        while (present.position() < end) {
            buffer.clear();
            buffer.limit((int) Math.min(BLOCK, end - present.position()));
            if (present.read(buffer) < 0) {
                break;
            }
            buffer.flip();
            while (buffer.hasRemaining()) {
                take(buffer.get());
            }
            reader.pause();
        }
    }

    private void take(byte next) throws IOException, InterruptedException {
        if (next == '\n' || line.size() >= LONGEST_LINE) {
            endLine();
        }
        if (next != '\n') {
            line.write(next);
        }
    }

    private void endLine() throws IOException, InterruptedException {
        if (line.size() > 0) {
            CriLine read = CriLine.parse(line.toByteArray());
            line.reset();
            reader.line(read);
        }
    }

    private void closeFile() throws IOException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    @Override
    public void close() throws IOException {
        closeFile();
    }
}
