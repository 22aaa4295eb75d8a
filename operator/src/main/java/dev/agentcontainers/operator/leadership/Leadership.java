package dev.agentcontainers.operator.leadership;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this process leads, and since which epoch. The lease alone doesn't keep a process that was stopped and resumed
 * from writing in the moment before it notices; a pulse that has missed its beat does. Losing leadership ends the process:
 * nothing in memory is worth carrying over, and a fresh start reads the world anew.
 */
public final class Leadership {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
    private static final Duration BEAT = Duration.ofMillis(250);

    private final Duration longestPause;
    private final Runnable end;
    private volatile @Nullable Long epoch;
    private volatile long lastEpoch;
    private volatile boolean stopping;
    private volatile long lastBeat = System.nanoTime();

    /**
     * @param longestPause a pause of this process after which another may lead: lease duration less renew deadline
     * @param end ends the process at once, with an exit code other than 0
     */
    public Leadership(Duration longestPause, Runnable end) {
        this.longestPause = longestPause;
        this.end = end;
    }

    /** Begins to lead. */
    public void start(long newEpoch) {
        lastBeat = System.nanoTime();
        lastEpoch = newEpoch;
        epoch = newEpoch;
        Thread.ofPlatform().daemon().name("leadership-pulse").start(this::beat);
        LOG.info("Leading with epoch {}", newEpoch);
    }

    /** The process is ending in an orderly way: losing the lease is expected. */
    public void stop() {
        stopping = true;
        epoch = null;
    }

    public void lost(String why) {
        boolean expected = stopping;
        epoch = null;
        if (!expected) {
            LOG.error("Leadership is lost ({}): ending", why);
            end.run();
        }
    }

    /** Something without which this process does nothing, leading or standing by, has ended. Only a new process has it again. */
    public void unable(String why) {
        boolean expected = stopping;
        epoch = null;
        if (!expected) {
            LOG.error("This process can't work any more ({}): ending", why);
            end.run();
        }
    }

    /** Where this process stands. */
    public enum State {
        STANDING_BY,
        LEADING,
        /** It has led, or is ending, and will not lead again. */
        ENDED
    }

    public State state() {
        if (epoch != null) {
            return State.LEADING;
        }
        return stopping || lastEpoch > 0 ? State.ENDED : State.STANDING_BY;
    }

    /** The epoch that this process leads with, or has led with; 0 where it never has. */
    public long lastEpoch() {
        return lastEpoch;
    }

    public boolean isLeading() {
        return epoch != null;
    }

    /** The epoch of this leadership: each leader's is higher than the one before. */
    public long epoch() {
        Long current = epoch;
        if (current == null) {
            throw new NotLeadingException();
        }
        return current;
    }

    /**
     * To be called before each write.
     *
     * @throws NotLeadingException when this process must not write
     */
    public void check() {
        if (epoch == null) {
            throw new NotLeadingException();
        }
        if (System.nanoTime() - lastBeat > longestPause.toNanos()) {
            lost("this process was paused");
            throw new NotLeadingException();
        }
    }

    private void beat() {
        while (epoch != null) {
            long now = System.nanoTime();
            if (now - lastBeat > longestPause.toNanos()) {
                lost("this process was paused");
                return;
            }
            lastBeat = now;
            try {
                Thread.sleep(BEAT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
