package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeniedLedgerTest {
    @Test
    void saysOnceWhatWasCountedAndNeverToldOf() {
        DeniedLedger ledger = new DeniedLedger(100);
        ledger.told();
        ledger.told();
        assertThat(ledger.missing(107)).as("the count before had none").isZero();
        assertThat(ledger.missing(107)).isEqualTo(5);
        assertThat(ledger.missing(107)).isZero();
        assertThat(ledger.missing(110)).isZero();
        ledger.told();
        assertThat(ledger.missing(110)).isEqualTo(2);
    }

    @Test
    void goesOnWhereTheKernelCountsAnew() {
        DeniedLedger ledger = new DeniedLedger(0);
        assertThat(ledger.missing(10)).isZero();
        ledger.countsAnew(30, 0);
        assertThat(ledger.missing(2)).as("all of the first life").isEqualTo(30);
        assertThat(ledger.missing(2)).as("and then the second's").isEqualTo(2);
        assertThat(ledger.missing(2)).isZero();
    }

    @Test
    void isCompleteWhenTheLastCountWasCompared() {
        DeniedLedger ledger = new DeniedLedger(0);
        assertThat(ledger.missing(3)).isZero();
        assertThat(ledger.isComplete()).isFalse();
        assertThat(ledger.missing(3)).isEqualTo(3);
        assertThat(ledger.missing(3)).isZero();
        assertThat(ledger.isComplete()).isTrue();
    }
}
