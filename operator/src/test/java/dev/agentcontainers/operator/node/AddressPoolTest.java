package dev.agentcontainers.operator.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressPoolTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                  | 100.80.0.0/22
            100.80.0.0/22                       | 100.80.4.0/22
            100.80.4.0/22                       | 100.80.0.0/22
            100.80.0.0/24                       | 100.80.4.0/22
            100.80.0.0/16                       | 100.81.0.0/22
            10.0.0.0/8                          | 100.80.0.0/22
            not-an-address                      | 100.80.0.0/22
            """)
    void takesTheLowestRangeThatOverlapsNoOther(String taken, String expected) {
        assertThat(new AddressPool("100.80.0.0/12", 22).lowestFree(List.of(taken)))
                .contains(expected);
    }

    @Test
    void givesEachRangeOnceAndThenNoMore() {
        AddressPool pool = new AddressPool("10.0.0.0/18", 20);
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            assertThat(taken.add(pool.lowestFree(taken).orElseThrow())).isTrue();
        }
        assertThat(pool.lowestFree(taken)).isEqualTo(Optional.empty());
    }

    @ParameterizedTest
    @CsvSource({"100.80.0.0, 22", "fd00::/64, 22", "nonsense, 22", "100.80.0.0/24, 22", "100.80.0.0/12, 30"})
    void refusesSettingsThatMakeNoSense(String pool, int prefixLength) {
        assertThatThrownBy(() -> new AddressPool(pool, prefixLength))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("agentcontainers.operator.");
    }
}
