package dev.agentcontainers.egressproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AnswerReadsTest {
    private final AnswerReads reads = new AnswerReads();

    @Test
    void littleIsReadOfWhatIsNotKnown() {
        assertThat(reads.next()).isEqualTo(4096);
        reads.expect(10);
        assertThat(reads.next()).isEqualTo(4096);
    }

    @Test
    void moreIsReadOfContentAndNotBeyondItsEnd() {
        reads.expect(1 << 20);
        assertThat(reads.next()).isEqualTo(AnswerReads.MUCH);
        reads.took((1 << 20) - 10_000);
        assertThat(reads.next()).isEqualTo(10_000);
        assertThat(reads.newHandle().guess()).isEqualTo(10_000);
        reads.took(10_000);
        assertThat(reads.next()).isEqualTo(4096);
        reads.took(1);
        reads.expect(Long.MAX_VALUE);
        assertThat(reads.next()).isEqualTo(AnswerReads.MUCH);
    }
}
