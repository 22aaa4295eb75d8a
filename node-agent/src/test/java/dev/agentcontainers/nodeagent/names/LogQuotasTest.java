package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LogQuotasTest {
    private final AtomicLong time = new AtomicLong();
    private final LogQuotas quotas = new LogQuotas(time::get);

    /** Of so many lines, how many are written. */
    private long written(String agent, int lines) {
        long written = 0;
        for (int i = 0; i < lines; i++) {
            written += quotas.take(agent) >= 0 ? 1 : 0;
        }
        return written;
    }

    @Test
    void aFloodOfOneAgentIsCutAndNotThatOfAnother() {
        assertThat(written("flooder", 10_000)).isEqualTo(LogQuotas.AT_ONCE);
        assertThat(written("other", 50)).isEqualTo(50);
    }

    @Test
    void whatWasLeftOutIsToldWithTheNextLine() {
        assertThat(written("flooder", LogQuotas.AT_ONCE + 30)).isEqualTo(LogQuotas.AT_ONCE);

        time.addAndGet(Duration.ofMinutes(1).dividedBy(LogQuotas.EACH_MINUTE).toNanos());

        assertThat(quotas.take("flooder")).isEqualTo(30);
        assertThat(quotas.take("flooder")).isEqualTo(-1);
    }

    @Test
    void aMinuteBringsSoMany() {
        written("flooder", 1000);
        time.addAndGet(Duration.ofMinutes(1).toNanos());

        assertThat(written("flooder", 1000)).isEqualTo(LogQuotas.EACH_MINUTE);
    }
}
