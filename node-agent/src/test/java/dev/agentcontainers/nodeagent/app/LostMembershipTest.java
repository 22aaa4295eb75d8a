package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A deleted AgentNode comes back with a start of its node agent, and not by itself. */
class LostMembershipTest {
    private final AtomicBoolean invited = new AtomicBoolean(true);
    private final AtomicInteger attempts = new AtomicInteger();
    private final AtomicInteger restarts = new AtomicInteger();
    private final LostMembership membership = new LostMembership("worker-1", this::join, restarts::incrementAndGet);

    private boolean join() {
        attempts.incrementAndGet();
        return invited.get();
    }

    @Test
    void oneThatIsMissingAtTheStartIsJoinedAgainOnce() {
        membership.missed();
        membership.missed();
        assertThat(attempts).hasValue(1);
        assertThat(restarts).hasValue(1);
    }

    @Test
    void joiningIsTriedUntilTheMachineIsLetIn() {
        invited.set(false);
        membership.missed();
        membership.missed();
        assertThat(restarts).hasValue(0);
        invited.set(true);
        membership.missed();
        assertThat(attempts).hasValue(3);
        assertThat(restarts).hasValue(1);
    }

    /** As a drain does, which would never end otherwise. */
    @Test
    void oneThatIsDeletedWhileTheNodeAgentRunsStaysAway() {
        membership.seen();
        membership.missed();
        membership.missed();
        assertThat(attempts).hasValue(0);
        assertThat(restarts).hasValue(0);
    }
}
