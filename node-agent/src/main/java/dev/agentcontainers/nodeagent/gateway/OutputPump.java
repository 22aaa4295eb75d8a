package dev.agentcontainers.nodeagent.gateway;

import java.io.IOException;
import java.io.InputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends what a process writes, at the pace of who takes it, on a thread of its own. */
final class OutputPump {
    private static final Logger LOG = LoggerFactory.getLogger(OutputPump.class);
    private static final int BLOCK = 32 * 1024;

    private final InputStream from;
    private final Target target;
    private final Thread thread;

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
                target.send(buffer, count);
            }
        } catch (IOException e) {
            LOG.debug("output of an exec ends: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until all is taken, however slowly, or nobody takes it any more. What is read from knows its own end. */
    void awaitEnd() throws InterruptedException {
        thread.join();
    }
}
