package dev.agentcontainers.nodeagent.enrolment;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReconnectDelayTest {
    private static final Duration SHORTEST = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final Duration LONGEST_AFTER_ANSWER = Duration.ofSeconds(8);

    private final ReconnectDelay delay = new ReconnectDelay(new Random(7));

    @Test
    void doublesToHalfAMinuteAndIsDrawnFromTheUpperHalf() {
        Duration most = SHORTEST;
        for (int dial = 0; dial < 12; dial++) {
            assertThat(delay.next()).isBetween(most.dividedBy(2), most);
            most = most.multipliedBy(2).compareTo(LONGEST) > 0 ? LONGEST : most.multipliedBy(2);
        }
    }

    @Test
    void beginsAnewAfterAConnectionThatHeldLongerThanItWasWaitedFor() {
        Duration last = waitedFor(5);

        delay.held(last.plusMillis(1));

        assertThat(delay.next()).isLessThanOrEqualTo(SHORTEST);
    }

    @Test
    void goesOnAfterOneThatHeldNoLonger() {
        Duration last = waitedFor(4);

        delay.held(last);

        assertThat(delay.next()).isBetween(LONGEST_AFTER_ANSWER.dividedBy(2), LONGEST_AFTER_ANSWER);
    }

    @Test
    void waitsNoLongerThanEightSecondsAfterAnAnswer() {
        waitedFor(8);

        delay.held(Duration.ofMillis(1500));

        assertThat(delay.next()).isBetween(LONGEST_AFTER_ANSWER.dividedBy(2), LONGEST_AFTER_ANSWER);
        assertThat(delay.next()).isBetween(LONGEST_AFTER_ANSWER, LONGEST_AFTER_ANSWER.multipliedBy(2));
    }

    /** What accepts connections and drops them must not be dialled all the time. */
    @Test
    void momentsAreNotHeld() {
        for (int dial = 0; dial < 8; dial++) {
            delay.next();
            delay.held(Duration.ofMillis(1500));
        }

        assertThat(delay.next()).isBetween(LONGEST_AFTER_ANSWER.dividedBy(2), LONGEST_AFTER_ANSWER);
    }

    private Duration waitedFor(int dials) {
        Duration last = Duration.ZERO;
        for (int dial = 0; dial < dials; dial++) {
            last = delay.next();
        }
        return last;
    }
}
