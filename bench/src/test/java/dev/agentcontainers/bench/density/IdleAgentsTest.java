package dev.agentcontainers.bench.density;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.bench.MachineMemory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class IdleAgentsTest {
    private static final IdleAgents TEN = new IdleAgents(
            10,
            new MachineMemory(100_000, Map.of("SUnreclaim", 1_000L, "Percpu", 50L), 100, 5_000, 90_000),
            new MachineMemory(84_640, Map.of("SUnreclaim", 6_000L, "Percpu", 170L), 620, 5_040, 91_000),
            List.of(400L, 600L, 512L),
            1_000,
            8,
            new Groups.Charged(7_000, 5_000));

    @Test
    void partsAreAddedUpForEachAgent() {
        // Shims 1512, agents 1000, proxy 8, heap 40, kernel 5120, files 520.
        assertThat(TEN.sumOfParts()).isEqualTo(820);
    }

    @Test
    void whatTheMachineHasLessIsSharedAmongThem() {
        assertThat(TEN.lessAvailable()).isEqualTo(1536);
        assertThat(IdleAgents.perGibibyte(TEN.lessAvailable())).isEqualTo(683);
    }

    @Test
    void theLargestShimIsToldInMebibytes() {
        assertThat(TEN.largestShim()).isEqualTo(600 / 1024.0);
    }

    @Test
    void nothingMeasuredIsNoDensity() {
        assertThat(IdleAgents.perGibibyte(0)).isZero();
        assertThat(IdleAgents.perGibibyte(-3)).isZero();
    }

    @Test
    void linesOfTheKernelAreReadByTheirWholeName() {
        List<String> lines = List.of("Pss:                 469 kB", "Pss_Anon:            120 kB");

        assertThat(MachineMemory.value(lines, "Pss")).isEqualTo(469);
        assertThat(MachineMemory.value(lines, "Pss_Anon")).isEqualTo(120);
        assertThat(MachineMemory.value(lines, "Pss_Shmem")).isZero();
    }
}
