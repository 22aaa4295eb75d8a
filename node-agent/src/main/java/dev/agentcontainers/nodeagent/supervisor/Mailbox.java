package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.sandbox.Assignment;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What an agent's loop is told from outside: what is desired, and that it is worth looking again. Thread-safe. */
final class Mailbox {
    private static final long LONGEST_PIECE = TimeUnit.MINUTES.toNanos(1);

    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Desired desired;
    private boolean awake = true;

    Mailbox(Clock clock, Desired desired) {
        this.clock = clock;
        this.desired = desired;
    }

    /** What is desired of an agent. */
    sealed interface Desired {
        /** It shall run as assigned. */
        record Run(Assignment assignment) implements Desired {}

        /** Nothing of it shall be left. The assignment is the last that is known, for the report. */
        record Gone(Assignment assignment) implements Desired {}
    }

    Desired desired() {
        lock.lock();
        try {
            return desired;
        } finally {
            lock.unlock();
        }
    }

    void desire(Desired changedTo) {
        lock.lock();
        try {
            if (!desired.equals(changedTo)) {
                desired = changedTo;
                wakeLocked();
            }
        } finally {
            lock.unlock();
        }
    }

    void wake() {
        lock.lock();
        try {
            wakeLocked();
        } finally {
            lock.unlock();
        }
    }

    private void wakeLocked() {
        awake = true;
        changed.signalAll();
    }

    /** Waits until something has changed since the last wait, or until that time. */
    void await(Optional<Instant> until) throws InterruptedException {
        lock.lock();
        try {
            while (!awake) {
                if (until.isEmpty()) {
                    changed.await();
                } else {
                    long left = Duration.between(clock.instant(), until.get()).toNanos();
                    if (left <= 0) {
                        break;
                    }
                    // In short pieces, because the clock may be set while a long one lasts.
                    changed.awaitNanos(Math.min(left, LONGEST_PIECE));
                }
            }
            awake = false;
        } finally {
            lock.unlock();
        }
    }
}
