package dev.agentcontainers.nodeagent.linux.oci;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * What is typed at a terminal, also before there is one: so much is kept for it, and whoever types more waits for it. Closing
 * this closes nothing: whoever types no more still wants to see. Thread-safe.
 */
final class Keyboard extends OutputStream {
    /** How many bytes are kept for a terminal that is not there yet. */
    static final int MOST_KEPT = 64 * 1024;

    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private Optional<OutputStream> terminal = Optional.empty();
    private boolean unplugged;

    /** One of a terminal that is there. */
    static Keyboard of(OutputStream terminal) {
        Keyboard keyboard = new Keyboard();
        keyboard.terminal = Optional.of(terminal);
        return keyboard;
    }

    /**
     * Writes what was kept to the terminal, and from then on what is typed. Waits where the terminal does.
     *
     * @throws IOException where it does not take what was kept; it counts as unplugged then
     */
    void plug(OutputStream there) throws IOException {
        try {
            for (byte[] next = takeKept(there); next.length > 0; next = takeKept(there)) {
                there.write(next);
            }
        } catch (IOException e) {
            unplug();
            throw e;
        }
    }

    /** None where there is nothing left to be kept for. */
    private synchronized byte[] takeKept(OutputStream there) {
        byte[] taken = kept.toByteArray();
        kept.reset();
        if (taken.length == 0) {
            terminal = Optional.of(there);
        }
        notifyAll();
        return taken;
    }

    /** No terminal will come. Ends all waiting for one; without effect where one is there. */
    synchronized void unplug() {
        unplugged = true;
        kept.reset();
        notifyAll();
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        int done = 0;
        while (done < length) {
            Optional<OutputStream> there = whenTaken();
            if (there.isPresent()) {
                there.get().write(source, offset + done, length - done);
                return;
            }
            done += keep(source, offset + done, length - done);
        }
    }

    /** Waits until the terminal is there, or there is room to keep something for it. */
    private synchronized Optional<OutputStream> whenTaken() throws IOException {
        try {
            while (terminal.isEmpty() && !unplugged && kept.size() == MOST_KEPT) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a terminal");
        }
        if (terminal.isEmpty() && unplugged) {
            throw new IOException("the program has no terminal");
        }
        return terminal;
    }

    /** How many of them are kept; none where nothing has to be any more. */
    private synchronized int keep(byte[] source, int offset, int length) {
        if (terminal.isPresent() || unplugged) {
            return 0;
        }
        int count = Math.min(length, MOST_KEPT - kept.size());
        kept.write(source, offset, count);
        return count;
    }
}
