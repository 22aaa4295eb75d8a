package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class InsideGvisorTest {
    private static final String TABLE = """
            UID       PID       PPID      C         TTY       STIME     TIME      CMD
            0         1         0         0         ?         22:14     20ms      sleep
            0         7         0         0         pts/1     22:15     0s        sh
            0         8         7         0         ?         22:15     10ms      sleep
            1000      12        8         0         ?         22:15     10ms      12 13 14

            """;

    @Test
    void parentsAreReadFromTheTable() {
        assertThat(InsideGvisor.parents(TABLE)).isEqualTo(Map.of(1, 0, 7, 0, 8, 7, 12, 8));
    }

    @Test
    void theTreeHasTheParentFirstAndNobodyElse() {
        assertThat(InsideGvisor.tree(7, InsideGvisor.parents(TABLE))).containsExactly(7, 8, 12);
        assertThat(InsideGvisor.tree(99, InsideGvisor.parents(TABLE))).containsExactly(99);
        assertThat(InsideGvisor.tree(99, InsideGvisor.parents("no table"))).containsExactly(99);
    }
}
