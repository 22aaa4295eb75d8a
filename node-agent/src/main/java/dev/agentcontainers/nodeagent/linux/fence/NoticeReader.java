package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkNotices;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that reads notices of the kernel, and begins anew where it can't go on. Nothing waits for it. */
final class NoticeReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NoticeReader.class);

    /** How long closing may take. */
    private static final Duration LOOK_UP = Duration.ofMillis(200);

    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration FIRST_PATIENCE = Duration.ofSeconds(2);

    /** Begins to listen in the fence's namespace. */
    interface Source {
        NetlinkNotices open() throws IOException;
    }

    /** Takes what was read. */
    interface Taker {
        void take(NetlinkMessage notice) throws IOException;

        /** Some were lost before the next. */
        void overrun();
    }

    private final String what;
    private final Source source;
    private final Taker taker;
    private final Thread thread;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CountDownLatch listening = new CountDownLatch(1);

    private NoticeReader(String what, Source source, Taker taker) {
        this.what = what;
        this.source = source;
        this.taker = taker;
        this.thread = Thread.ofPlatform().daemon().name("fence " + what).unstarted(this::read);
    }

    /** Returns when it listens, or when that does not succeed at once. */
    static NoticeReader begin(String what, Source source, Taker taker) {
        NoticeReader reader = new NoticeReader(what, source, taker);
        reader.thread.start();
        try {
            if (!reader.listening.await(FIRST_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("{} are not read yet", what);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return reader;
    }

    private void read() {
        boolean said = false;
        try {
            do {
                try (NetlinkNotices notices = source.open()) {
                    listening.countDown();
                    said = false;
                    follow(notices);
                } catch (IOException | RuntimeException e) {
                    if (e instanceof RejectedExecutionException && closing.getCount() == 0) {
                        return;
                    }
                    if (!said) {
                        said = true;
                        LOG.warn("{} can't be read just now, tried each second: {}", what, e.getMessage());
                        taker.overrun();
                    }
                }
            } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            LOG.debug("{} are not read any more", what);
        }
    }

    private void follow(NetlinkNotices notices) throws IOException {
        long lost = 0;
        while (closing.getCount() > 0) {
            for (NetlinkMessage notice : notices.await(LOOK_UP)) {
                take(notice);
            }
            if (notices.overruns() != lost) {
                lost = notices.overruns();
                taker.overrun();
            }
        }
    }

    /** A notice that is not understood must not keep the others from being read. */
    private void take(NetlinkMessage notice) throws IOException {
        try {
            taker.take(notice);
        } catch (RuntimeException e) {
            LOG.warn("a notice of {} is passed over: {}", what, e.toString());
        }
    }

    @Override
    public void close() {
        closing.countDown();
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
