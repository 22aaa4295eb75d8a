package dev.agentcontainers.nodeagent.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends what a process writes, at the pace of who takes it, on a thread of its own. */
final class OutputPump {
    private static final Logger LOG = LoggerFactory.getLogger(OutputPump.class);
    private static final int BLOCK = 32 * 1024;

    /** What a pipe holds at most, where nobody but root made it larger (pipe(7), /proc/sys/fs/pipe-max-size). */
    private static final long PIPE = 1 << 20;

    private final InputStream from;
    private final Target target;
    private final Thread thread;
    private volatile boolean sending;
    private volatile long sent;

    private OutputPump(InputStream from, Target target, String name) {
        this.from = from;
        this.target = target;
        this.thread = Thread.ofVirtual().name(name).unstarted(this::run);
    }

    /** Who takes it. */
    interface Target {
        /** Blocks until the first {@code count} bytes are taken. */
        void send(byte[] content, int count) throws IOException, InterruptedException;
    }

    static OutputPump start(InputStream from, Target target, String name) {
        OutputPump pump = new OutputPump(from, target, name);
        pump.thread.start();
        return pump;
    }

    private void run() {
        byte[] buffer = new byte[BLOCK];
        try (from) {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                sending = true;
                target.send(buffer, count);
                // Only this thread writes it.
                sent = sent + count;
                sending = false;
            }
        } catch (IOException e) {
            LOG.debug("output of an exec ends: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            sending = false;
        }
    }

    /**
     * Waits, after the process's end, until what it wrote before is taken, however slowly. What others write to its output
     * later is not waited for: neither longer than {@code silence} for them to write, nor for more than a pipe holds.
     */
    void awaitRest(Duration silence) throws InterruptedException {
        long atEnd = sent;
        long before = -1;
        while (!thread.join(silence)) {
            long now = sent;
            if (now - atEnd > PIPE + BLOCK || (!sending && now == before)) {
                return;
            }
            before = now;
        }
    }
}
