package dev.agentcontainers.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplesTest {
    @Test
    void percentilesAreValuesThatWereMeasured() {
        Samples samples = new Samples();
        IntStream.rangeClosed(1, 100).map(i -> 101 - i).forEach(i -> samples.addNanos(i * 1_000_000L));

        assertThat(samples.at(0)).isEqualTo(1);
        assertThat(samples.median()).isEqualTo(50);
        assertThat(samples.at(0.99)).isEqualTo(99);
        assertThat(samples.at(1)).isEqualTo(100);
    }

    @Test
    void oneValueIsEveryPercentile() {
        Samples samples = new Samples();
        samples.addNanos(1_500_000);

        assertThat(samples.median()).isEqualTo(1.5);
        assertThat(samples.at(0.99)).isEqualTo(1.5);
    }

    @Test
    void nothingMeasuredIsNoNumber() {
        assertThat(new Samples().median()).isNaN();
    }
}
