package dev.agentcontainers.assignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Quantity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AmountsTest {
    @ParameterizedTest
    @CsvSource({"100m, 1000, 100", "1, 1000, 1000", "1m, 1, 1", "64Mi, 1, 67108864", "1e3, 1, 1000"})
    void whatIsToBeEnforcedIsRoundedUp(String text, int unitsInOne, long amount) {
        assertThat(Amounts.exactly(Quantity.parse(text), unitsInOne)).isEqualTo(amount);
    }

    /** To reckon with such exponents would take memory for each of their digits. */
    @ParameterizedTest
    @ValueSource(strings = {"1e-99999999", "1e999999999", "16Ei"})
    void whatCannotBeReckonedWithIsRefused(String text) {
        assertThatThrownBy(() -> Amounts.exactly(Quantity.parse(text), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }

    @Test
    void sumsDoNotWrap() {
        assertThat(Amounts.sum(Long.MAX_VALUE, 1)).isEqualTo(Long.MAX_VALUE);
        assertThat(Amounts.sum(-Long.MAX_VALUE, -5)).isEqualTo(-Long.MAX_VALUE);
    }
}
