package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class ExpectedMovesTest {
    /** So that a second move and a second call come before its end on a busy machine too. */
    private static final Duration LONG = Duration.ofSeconds(1);

    private final List<Thread> moves = new CopyOnWriteArrayList<>();

    @Test
    void movesAgainAndAgainForAMomentOnly() {
        ExpectedMoves expected = new ExpectedMoves(() -> moves.add(Thread.currentThread()), LONG);
        expected.expect();
        await().until(() -> moves.size() > 1 && !moves.getFirst().isAlive());
        assertThat(moves).containsOnly(moves.getFirst());

        expected.expect();
        await().until(() -> !moves.getLast().equals(moves.getFirst()));
    }

    @Test
    void oneThreadKeepsItForAllThatExpectIt() {
        ExpectedMoves expected = new ExpectedMoves(() -> moves.add(Thread.currentThread()), LONG);
        expected.expect();
        expected.expect();
        await().until(() -> !moves.isEmpty() && !moves.getFirst().isAlive());
        assertThat(moves).containsOnly(moves.getFirst());
    }

    @Test
    void whereTheKernelRefusesItEndsAndTriesWhenAskedAgain() {
        ExpectedMoves expected = new ExpectedMoves(
                () -> {
                    moves.add(Thread.currentThread());
                    throw new IOException("no such group");
                },
                LONG);
        expected.expect();
        await().until(() -> !moves.isEmpty() && !moves.getFirst().isAlive());
        assertThat(moves).hasSize(1);

        expected.expect();
        await().until(() -> moves.size() == 2);
    }
}
