package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A share that the machine refuses at first is in force in the end, and is known not to be until then. */
class AgentsShareTest {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<ResourceAmounts> applied = new CopyOnWriteArrayList<>();
    private final AtomicInteger refusals = new AtomicInteger();

    @AfterEach
    void endTimer() {
        timer.shutdownNow();
    }

    private void limit(ResourceAmounts allocatable) throws IOException {
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IOException("Device or resource busy");
        }
        applied.add(allocatable);
    }

    private static ResourceAmounts millis(long cpu) {
        return new ResourceAmounts(
                OptionalLong.of(cpu), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
    }

    @Test
    void whatIsRefusedIsTriedUntilItIsTaken() {
        AgentsShare share = new AgentsShare(this::limit, timer, Duration.ofMillis(1));
        share.set(millis(800), 80);
        assertThat(applied).containsExactly(millis(800));
        assertThat(share.warnings()).isEmpty();

        refusals.set(3);
        share.set(millis(500), 50);
        await().until(() -> applied.equals(List.of(millis(800), millis(500))));
        await().until(() -> share.warnings().isEmpty());
    }

    @Test
    void untilThenItIsSaid() {
        AgentsShare share = new AgentsShare(this::limit, timer, Duration.ofHours(1));
        refusals.set(1);
        share.set(millis(500), 50);
        assertThat(share.warnings())
                .containsExactly(
                        "the agents together are not kept to 50 % of this machine yet: Device or resource busy");
        share.set(millis(600), 60);
        assertThat(share.warnings()).isEmpty();
    }

    @Test
    void theNewestShareIsTheOneThatIsTriedAgain() {
        AgentsShare share = new AgentsShare(this::limit, timer, Duration.ofMillis(20));
        refusals.set(2);
        share.set(millis(500), 50);
        share.set(millis(600), 60);
        await().until(() -> applied.equals(List.of(millis(600))));
    }
}
