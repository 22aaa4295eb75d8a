package dev.agentcontainers.nodeagent.linux.cgroup;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the kernel ready to move processes between control groups for a moment. For the first move after a while it waits until every
 * processor has passed a point of rest, about 8 ms, and forgets that it did when no move has followed for about as long again
 * (cgroup_threadgroup_rwsem and rcu_sync, kernel/cgroup/cgroup.c and kernel/rcu/sync.c). A start takes longer than that until it moves
 * anything, so that one move at its beginning would often be for nothing. Thread-safe.
 */
final class ExpectedMoves {
    /** As long as most starts take until the runtime has moved what it created. */
    private static final Duration KEPT = Duration.ofMillis(40);

    /** Shorter than the kernel remembers where it counts 250 times a second; where it forgets sooner this waits, and not the start. */
    private static final Duration PAUSE = Duration.ofMillis(4);

    private final Move move;
    private final Duration kept;
    private @Nullable Thread keeper;
    private long until;

    /** @param move that changes nothing, such as of a process to where it is */
    ExpectedMoves(Move move) {
        this(move, KEPT);
    }

    ExpectedMoves(Move move, Duration kept) {
        this.move = move;
        this.kept = kept;
    }

    @FunctionalInterface
    interface Move {
        void make() throws IOException;
    }

    /** Returns at once. */
    synchronized void expect() {
        until = System.nanoTime() + kept.toNanos();
        if (keeper == null) {
            keeper = Thread.ofPlatform().daemon().name("control groups").start(this::keep);
        }
    }

    private void keep() {
        try {
            do {
                move.make();
                Thread.sleep(PAUSE);
            } while (goesOn());
        } catch (IOException | RuntimeException e) {
            // Only the time is lost: the first move waits itself.
            end();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end();
        }
    }

    private synchronized boolean goesOn() {
        if (System.nanoTime() - until < 0) {
            return true;
        }
        keeper = null;
        return false;
    }

    private synchronized void end() {
        keeper = null;
    }
}
