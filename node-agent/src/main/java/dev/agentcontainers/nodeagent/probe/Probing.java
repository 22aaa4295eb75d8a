package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.sandbox.Probes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Asks the probes of one run for as long as it lasts, each on a virtual thread of its own, so that one that waits holds no other
 * up. Thread-safe.
 */
public final class Probing implements AutoCloseable {
    private final RunProbes run;
    private final ProbeAttempts attempts;
    private final LongSupplier time;
    private final Runnable onChange;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Thread> threads = new ArrayList<>();
    private Health health;

    private Probing(RunProbes run, ProbeAttempts attempts, LongSupplier time, Runnable onChange) {
        this.run = run;
        this.attempts = attempts;
        this.time = time;
        this.onChange = onChange;
        this.health = run.health();
    }

    /**
     * Asks a run that has just begun.
     *
     * @param age how long it has lasted
     * @param onChange called on another thread when {@link #health} is another; must return soon
     */
    public static Probing ofNew(Probes probes, Duration age, ProbeAttempts attempts, Runnable onChange) {
        return begin(new RunProbes(probes, false, false, System.nanoTime(), age), attempts, System::nanoTime, onChange);
    }

    /**
     * Asks a run that an earlier process has asked. Those that a node agent adopts are asked one after the other within a period.
     *
     * @param started what that process knew
     * @param ready the same
     */
    public static Probing ofAdopted(
            Probes probes, boolean started, boolean ready, Duration age, ProbeAttempts attempts, Runnable onChange) {
        RunProbes run = new RunProbes(probes, started, ready, System.nanoTime(), age);
        run.spread(ThreadLocalRandom.current().nextDouble());
        return begin(run, attempts, System::nanoTime, onChange);
    }

    static Probing begin(RunProbes run, ProbeAttempts attempts, LongSupplier time, Runnable onChange) {
        Probing probing = new Probing(run, attempts, time, onChange);
        for (ProbeKind kind : ProbeKind.values()) {
            if (run.isAsked(kind)) {
                probing.threads.add(Thread.ofVirtual().name(kind.text()).unstarted(() -> probing.ask(kind)));
            }
        }
        probing.threads.forEach(Thread::start);
        return probing;
    }

    public Health health() {
        lock.lock();
        try {
            return health;
        } finally {
            lock.unlock();
        }
    }

    private void ask(ProbeKind kind) {
        try {
            while (awaitDue(kind)) {
                long begun = time.getAsLong();
                ProbeResult result = attempts.attempt(run.probe(kind));
                if (take(kind, begun, result)) {
                    onChange.run();
                }
            }
        } catch (InterruptedException e) {
            // The run has ended, or the node agent does.
        }
    }

    /** False where it is asked no more. */
    private boolean awaitDue(ProbeKind kind) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (run.isAsked(kind)) {
                OptionalLong due = run.due(kind);
                if (due.isEmpty()) {
                    changed.await();
                } else {
                    long left = due.getAsLong() - time.getAsLong();
                    if (left <= 0) {
                        return true;
                    }
                    changed.awaitNanos(left);
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean take(ProbeKind kind, long begun, ProbeResult result) {
        lock.lock();
        try {
            run.take(kind, begun, time.getAsLong(), result);
            Health before = health;
            health = run.health();
            changed.signalAll();
            return !health.equals(before);
        } finally {
            lock.unlock();
        }
    }

    /** Asks no more, and ends attempts that are under way. */
    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
    }
}
