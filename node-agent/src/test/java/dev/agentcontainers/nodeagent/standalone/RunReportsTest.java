package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.sandbox.RunUse;
import java.time.Instant;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RunReportsTest {
    private static final OptionalLong NOT_TOLD = OptionalLong.empty();

    private static RunUse use(OptionalLong cpuNanos, OptionalLong memoryPeakBytes, OptionalLong storageBytes) {
        return new RunUse(Instant.EPOCH, Instant.EPOCH, cpuNanos, memoryPeakBytes, storageBytes, OptionalLong.of(0));
    }

    @Test
    void whatARunUsedAsFarAsTheMachineTells() {
        assertThat(RunReports.text(
                        use(OptionalLong.of(1_234_567_890), OptionalLong.of(50 << 20), OptionalLong.of(3 << 19))))
                .hasValue("used 1.23 s of processor time, at most 50.0 MiB of memory, 1.5 MiB of ephemeral-storage");
        assertThat(RunReports.text(use(OptionalLong.of(7_000_000), NOT_TOLD, NOT_TOLD)))
                .hasValue("used 0.01 s of processor time");
        assertThat(RunReports.text(use(NOT_TOLD, NOT_TOLD, NOT_TOLD))).isEmpty();
    }
}
