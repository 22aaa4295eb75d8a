package dev.agentcontainers.nodeagent.linux.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * An open descriptor that may be read, written and closed by different threads: it is really closed when the last
 * operation under way has returned, so that none ever meets another's file of the same number.
 */
public final class Descriptor implements AutoCloseable {
    private static final int EIO = 5;
    private static final int BUFFER = 32 * 1024;

    private final DescriptorCalls calls;
    private final int number;
    private int users;
    private boolean closed;

    public Descriptor(DescriptorCalls calls, int number) {
        this.calls = calls;
        this.number = number;
    }

    public int number() {
        return number;
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
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

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
            byte[] buffer = new byte[length];
            System.arraycopy(source, offset, buffer, 0, length);
            int answer = calls.write(number, buffer, length);
            if (answer < 0) {
                throw new IOException("write failed with error " + -answer + ": the reader has gone");
            }
        } finally {
            leave();
        }
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
    public synchronized void close() {
        if (!closed) {
            closed = true;
            if (users == 0) {
                calls.close(number);
            }
        }
    }
}
