package dev.agentcontainers.nodeagent.linux.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;

/**
 * An open descriptor that may be read, written and closed by different threads. Whoever waits for it waits in Java and
 * never in the kernel, so virtual threads may use it. Closing ends what waits: a read is at its end then, a write fails.
 * The descriptor is really closed when the last operation under way has returned, so that none ever meets another's file
 * of the same number.
 */
public final class Descriptor implements AutoCloseable {
    private static final int EIO = 5;
    private static final int EAGAIN = 11;
    private static final int BUFFER = 32 * 1024;

    /** More than a kernel holds of what was written to a terminal and not read, which it does not tell exactly. */
    static final int MOST_HELD = 1 << 20;

    /** After which a terminal that nobody has open is looked at again. */
    private static final Duration AGAIN = Duration.ofMillis(50);

    private final DescriptorCalls calls;
    private final Readiness readiness;
    private final int number;
    private final Set<CompletableFuture<Void>> waiting = new HashSet<>();
    private int users;
    private boolean closed;

    /** @param number of a descriptor that this owns from now on */
    public Descriptor(DescriptorCalls calls, Readiness readiness, int number) {
        this.calls = calls;
        this.readiness = readiness;
        this.number = number;
        calls.doNotWait(number);
    }

    public int number() {
        return number;
    }

    /**
     * Waits until a write would not wait, which is also so after an error.
     *
     * @param look what is asked of the descriptor then, while it is open
     * @throws IOException where it was closed meanwhile
     */
    public <T> T whenWritable(IntFunction<T> look) throws IOException {
        if (!enter()) {
            throw new IOException("this stream is closed");
        }
        try {
            if (!await(true)) {
                throw new IOException("this stream was closed");
            }
            return look.apply(number);
        } finally {
            leave();
        }
    }

    public void resize(int columns, int rows) {
        if (enter()) {
            try {
                calls.resize(number, columns, rows);
            } finally {
                leave();
            }
        }
    }

    public InputStream input() {
        return new BlockStream() {
            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                return length == 0 ? 0 : readSome(target, offset, length);
            }

            @Override
            public void close() {
                Descriptor.this.close();
            }
        };
    }

    /**
     * What is written to a terminal until then: at its end once {@code end} is complete and what was there before has been
     * read, also where others hold the other end open and write on. Not sooner: a terminal that nobody has open can be
     * opened again.
     */
    public InputStream inputUntil(CompletableFuture<?> end) {
        return new InputUntil(end, false);
    }

    /**
     * What is written to a pipe until then: at its end once nobody has the other end open, or once {@code end} is complete
     * and what the pipe held at the next read has been read, however much and however slowly others write on.
     */
    public InputStream pipedUntil(CompletableFuture<?> end) {
        return new InputUntil(end, true);
    }

    private final class InputUntil extends BlockStream {
        private final CompletableFuture<?> end;
        private final boolean pipe;
        private int left = MOST_HELD;
        private boolean over;

        InputUntil(CompletableFuture<?> end, boolean pipe) {
            this.end = end;
            this.pipe = pipe;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!enter()) {
                return -1;
            }
            try {
                return readOn(target, offset, Math.min(length, BUFFER));
            } finally {
                leave();
            }
        }

        private int readOn(byte[] target, int offset, int length) throws IOException {
            // Asked before reading: what was written before the end is there then.
            while (!isAtItsEnd()) {
                byte[] buffer = new byte[over ? Math.min(length, left) : length];
                int count = calls.read(number, buffer);
                if (count > 0) {
                    left -= over ? count : 0;
                    System.arraycopy(buffer, 0, target, offset, count);
                    return count;
                }
                boolean held = count == -EAGAIN;
                if (!held && count != 0 && count != -EIO) {
                    throw new IOException("read failed with error " + -count);
                }
                if (over || (pipe && !held)) {
                    left = 0;
                } else if (held ? !await(false, end) : !again()) {
                    return -1;
                }
            }
            return -1;
        }

        /** Whether nothing is left of what was there when the end was seen. */
        private boolean isAtItsEnd() {
            if (!over && end.isDone()) {
                over = true;
                int held = pipe ? calls.held(number) : MOST_HELD;
                left = held < 0 ? MOST_HELD : held;
            }
            return left == 0;
        }

        /** False where it was closed meanwhile. */
        private boolean again() throws IOException {
            try {
                end.get(AGAIN.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException | CancellationException e) {
                return !isClosed();
            } catch (InterruptedException e) {
                throw interrupted();
            }
            return !isClosed();
        }

        @Override
        public void close() {
            Descriptor.this.close();
        }
    }

    public OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] source, int offset, int length) throws IOException {
                writeAll(source, offset, length);
            }

            @Override
            public void close() {
                Descriptor.this.close();
            }
        };
    }

    private int readSome(byte[] target, int offset, int length) throws IOException {
        if (!enter()) {
            return -1;
        }
        try {
            byte[] buffer = new byte[Math.min(length, BUFFER)];
            int count = calls.read(number, buffer);
            while (count == -EAGAIN) {
                if (!await(false)) {
                    return -1;
                }
                count = calls.read(number, buffer);
            }
            // A terminal whose program has gone answers EIO rather than with an end.
            if (count == 0 || count == -EIO) {
                return -1;
            }
            if (count < 0) {
                throw new IOException("read failed with error " + -count);
            }
            System.arraycopy(buffer, 0, target, offset, count);
            return count;
        } finally {
            leave();
        }
    }

    private void writeAll(byte[] source, int offset, int length) throws IOException {
        if (!enter()) {
            throw new IOException("this stream is closed");
        }
        try {
            int done = 0;
            while (done < length) {
                byte[] rest = Arrays.copyOfRange(source, offset + done, offset + Math.min(length, done + BUFFER));
                int answer = calls.write(number, rest, rest.length);
                if (answer == -EAGAIN) {
                    if (!await(true)) {
                        throw new IOException("this stream was closed");
                    }
                } else if (answer < 0) {
                    throw new IOException("write failed with error " + -answer + ": the reader has gone");
                } else {
                    done += answer;
                }
            }
        } finally {
            leave();
        }
    }

    private boolean await(boolean writing) throws IOException {
        return await(writing, new CompletableFuture<>());
    }

    /** Waits no longer than until that is complete. False where it was closed meanwhile. */
    private boolean await(boolean writing, CompletableFuture<?> end) throws IOException {
        CompletableFuture<Void> ready = writing ? readiness.toWrite(number) : readiness.toRead(number);
        try {
            if (waitsFor(ready)) {
                CompletableFuture.anyOf(ready, end).get();
            }
        } catch (InterruptedException e) {
            throw interrupted();
        } catch (ExecutionException e) {
            if (!ready.isCancelled() && !end.isCompletedExceptionally()) {
                throw new IOException(e);
            }
        } finally {
            ready.cancel(false);
            waitsNoMoreFor(ready);
        }
        return !isClosed();
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for a process's stream");
    }

    private synchronized boolean waitsFor(CompletableFuture<Void> ready) {
        return !closed && waiting.add(ready);
    }

    private synchronized void waitsNoMoreFor(CompletableFuture<Void> ready) {
        waiting.remove(ready);
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized boolean enter() {
        if (closed) {
            return false;
        }
        users++;
        return true;
    }

    private synchronized void leave() {
        users--;
        if (closed && users == 0) {
            calls.close(number);
        }
    }

    @Override
    public void close() {
        List<CompletableFuture<Void>> ended;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (users == 0) {
                calls.close(number);
            }
            ended = List.copyOf(waiting);
        }
        ended.forEach(ready -> ready.cancel(false));
    }
}
