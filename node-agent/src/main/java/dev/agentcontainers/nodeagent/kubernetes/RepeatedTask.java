package dev.agentcontainers.nodeagent.kubernetes;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a task after it was asked for: on a virtual thread of its own, once at a time, once for all requests that came
 * while it was waiting or running, and again with backoff after a failure until it succeeds. Thread-safe.
 */
final class RepeatedTask implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RepeatedTask.class);
    private static final Duration FIRST_RETRY = Duration.ofMillis(500);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);
    private static final int MOST_DOUBLINGS = 6;

    private final String name;
    private final ScheduledExecutorService timer;
    private final Task task;
    /** When the next run is due by {@link System#nanoTime}; null where none was asked for. */
    private @Nullable Long due;

    private @Nullable Future<?> alarm;
    private @Nullable Thread running;
    private int failures;
    private boolean closed;

    /** Something that may fail and may be done again. */
    @FunctionalInterface
    interface Task {
        void run() throws Exception;
    }

    RepeatedTask(String name, ScheduledExecutorService timer, Task task) {
        this.name = name;
        this.timer = timer;
        this.task = task;
    }

    void request() {
        request(Duration.ZERO);
    }

    /** Asks for a run after that time at the latest; one that is due earlier stays so. */
    synchronized void request(Duration within) {
        long at = System.nanoTime() + within.toNanos();
        if (due == null || at - due < 0) {
            due = at;
            arm();
        }
    }

    private void arm() {
        if (closed || running != null || due == null) {
            return;
        }
        if (alarm != null) {
            alarm.cancel(false);
        }
        try {
            alarm = timer.schedule(this::ring, Math.max(due - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            closed = true; // the node agent ends
        }
    }

    private synchronized void ring() {
        // An alarm that could not be cancelled any more may ring early, or while its successor runs.
        if (closed || running != null || due == null || due - System.nanoTime() > 0) {
            return;
        }
        due = null;
        running = Thread.ofVirtual().name(name).start(this::run);
    }

    @SuppressWarnings("CatchingUnchecked") // whatever fails is tried again
    private void run() {
        boolean failed = false;
        try {
            task.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            failed = true;
            LOG.warn("{}: failed and is tried again: {}", name, e.getMessage() == null ? e : e.getMessage());
            LOG.debug("{}", name, e);
        } finally {
            ended(failed);
        }
    }

    private synchronized void ended(boolean failed) {
        running = null;
        failures = failed ? failures + 1 : 0;
        if (failed) {
            request(backoff(failures));
        }
        arm();
    }

    /** Doubles from half a second to half a minute, less up to a quarter so that many don't try again at once. */
    private static Duration backoff(int failures) {
        Duration whole = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, MOST_DOUBLINGS));
        Duration capped = whole.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : whole;
        return capped.minusMillis(ThreadLocalRandom.current().nextLong(capped.toMillis() / 4));
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (alarm != null) {
            alarm.cancel(false);
        }
        if (running != null) {
            running.interrupt();
        }
    }
}
