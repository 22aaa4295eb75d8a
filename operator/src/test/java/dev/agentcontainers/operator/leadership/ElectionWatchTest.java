package dev.agentcontainers.operator.leadership;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ElectionWatchTest {
    private static final int FIVE_MINUTES = 300;

    private final ElectionWatch watch = new ElectionWatch("agentcontainers-operator", () -> {});

    @Test
    void anElectionThatIsNotLookedAtIsSilentAfterFiveMinutes() {
        watch.looked();
        assertThat(silentAfter(FIVE_MINUTES)).isFalse();
        assertThat(watch.isSilent()).isTrue();
    }

    @Test
    void oneLookBeginsTheTimeAnew() {
        watch.looked();
        assertThat(silentAfter(FIVE_MINUTES)).isFalse();
        watch.looked();
        assertThat(silentAfter(FIVE_MINUTES)).isFalse();
    }

    private boolean silentAfter(int seconds) {
        boolean silent = false;
        for (int second = 0; second < seconds; second++) {
            silent |= watch.isSilent();
        }
        return silent;
    }
}
