package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that tells a listener of changes in the host's network. */
final class HostWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostWatch.class);

    /** How long closing may take. */
    private static final Duration LOOK_UP = Duration.ofMillis(200);

    private final NetlinkEvents events;
    private final Runnable listener;
    private final Thread thread;
    private volatile boolean closed;

    private HostWatch(NetlinkEvents events, Runnable listener) {
        this.events = events;
        this.listener = listener;
        this.thread = Thread.ofPlatform().daemon().name("fence watch").unstarted(this::watch);
    }

    /** Takes over {@code events}. */
    static HostWatch begin(NetlinkEvents events, Runnable listener) {
        HostWatch watch = new HostWatch(events, listener);
        watch.thread.start();
        return watch;
    }

    private void watch() {
        try (events) {
            while (!closed) {
                if (events.await(LOOK_UP) && !closed) {
                    tell();
                }
            }
        } catch (IOException e) {
            LOG.warn("changes of this node's network are not noticed at once any more: {}", e.getMessage());
        }
    }

    private void tell() {
        try {
            listener.run();
        } catch (RuntimeException e) {
            LOG.error("a change of this node's network could not be passed on", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
