package dev.agentcontainers.cli.rootless;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class TetherTest {
    /** Left in the environment of a process that is the machine's root, it must not have it take less care. */
    @Test
    void outsideOfAUserNamespaceTheVariableSaysNothing() throws Exception {
        assertThat(Tether.isInOwnUsers("         0          0 4294967295\n")).isFalse();
        assertThat(Tether.isInOwnUsers("         0       1000          1\n2140000000     100000      65535\n"))
                .isTrue();
        assertThat(Tether.of(Map.of())).isEmpty();
    }
}
