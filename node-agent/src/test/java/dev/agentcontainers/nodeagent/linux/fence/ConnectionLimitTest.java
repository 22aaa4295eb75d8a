package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.nftables.NftablesException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ConnectionLimitTest {
    private final List<OptionalInt> tried = new ArrayList<>();

    @Test
    void anAgentHasASixteenthOfTheTableWithinBounds() {
        assertThat(ConnectionLimit.ofTable(32_768).most()).isEqualTo(2048);
        assertThat(ConnectionLimit.ofTable(262_144).most()).isEqualTo(4096);
        assertThat(ConnectionLimit.ofTable(1024).most()).isEqualTo(256);
        assertThat(ConnectionLimit.ofTable(1L << 40).most()).isEqualTo(4096);
    }

    @Test
    void aKernelThatCannotCountHasTheRulesWithoutIt() throws IOException {
        new ConnectionLimit(300).apply(most -> {
            tried.add(most);
            if (most.isPresent()) {
                throw new NftablesException("No such file or directory");
            }
        });
        assertThat(tried).containsExactly(OptionalInt.of(300), OptionalInt.empty());
    }

    @Test
    void rulesThatFailWithoutItTooFail() {
        assertThatThrownBy(() -> new ConnectionLimit(300).apply(most -> {
                    tried.add(most);
                    throw new NftablesException("refused");
                }))
                .isInstanceOf(NftablesException.class);
        assertThat(tried).hasSize(2);
    }
}
