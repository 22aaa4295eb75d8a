package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.gateway.CriLine;
import dev.agentcontainers.nodeagent.standalone.RunObserver.Stream;
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
import org.jspecify.annotations.Nullable;

/**
 * Passes an agent's output on as it comes, byte for byte: an unfinished line too. Keeps the file open, so that what stands
 * in it is read to its end even when the file was replaced or removed meanwhile.
 */
final class OutputFollower implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(10);
    private static final int BLOCK = 64 * 1024;

    private final Path file;
    private final RunObserver observer;
    private final Runnable onRefused;
    private final Thread thread;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
    private Stream pendingStream = Stream.OUTPUT;
    private @Nullable Object openedKey;
    private boolean broken;
    private volatile boolean finished;

    private OutputFollower(Path file, RunObserver observer, Runnable onRefused) {
        this.file = file;
        this.observer = observer;
        this.onRefused = onRefused;
        this.thread = Thread.ofPlatform().daemon().name("output").unstarted(this::follow);
    }

    /** @param onRefused called once where the observer can't take any more, after "| head" for example */
    static OutputFollower start(Path file, RunObserver observer, Runnable onRefused) {
        OutputFollower follower = new OutputFollower(file, observer, onRefused);
        follower.thread.start();
        return follower;
    }

    /** Returns when everything that was written until now has been passed on. */
    @Override
    public void close() {
        finished = true;
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow() {
        try {
            copy();
        } catch (IOException e) {
            observer.warning("the agent's output can't be read: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void copy() throws IOException, InterruptedException {
        FileChannel channel = null;
        try {
            while (true) {
                // Asked before reading: what was written until then is read below.
                boolean last = finished;
                if (channel == null) {
                    channel = open();
                }
                if (channel != null) {
                    read(channel);
                    if (isReplaced()) {
                        // Once more: it may have been written to between the reading and the replacing.
                        read(channel);
                        channel.close();
                        channel = null;
                        continue;
                    }
                }
                if (last) {
                    return;
                }
                Thread.sleep(INTERVAL);
            }
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

    private boolean isReplaced() {
        Object present = key();
        return present != null && !Objects.equals(present, openedKey);
    }

    private void read(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BLOCK);
        while (channel.read(buffer) > 0) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n') {
                    endLine();
                } else {
                    line.write(next);
                }
            }
            buffer.clear();
            flush();
        }
    }

    private void endLine() {
        CriLine parsed = CriLine.parse(line.toByteArray());
        line.reset();
        Stream stream = switch (parsed.stream()) {
            case STDOUT -> Stream.OUTPUT;
            case STDERR -> Stream.ERROR_OUTPUT;
        };
        if (stream != pendingStream) {
            flush();
            pendingStream = stream;
        }
        pending.writeBytes(parsed.text());
        if (!parsed.partial()) {
            pending.write('\n');
        }
    }

    private void flush() {
        if (pending.size() == 0) {
            return;
        }
        byte[] data = pending.toByteArray();
        pending.reset();
        if (broken) {
            return;
        }
        try {
            observer.output(pendingStream, data);
        } catch (IOException e) {
            broken = true;
            onRefused.run();
        }
    }
}
