package dev.agentcontainers.nodeagent.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosedRangesTest {
    @Test
    void takesAddressesAndRangesOfBothFamilies() {
        assertThat(ClosedRanges.parse(
                        "--never-allow", List.of("198.51.100.10", "10.20.0.0/16", "0.0.0.0/0", "2001:DB8::/32")))
                .containsExactly("198.51.100.10", "10.20.0.0/16", "0.0.0.0/0", "2001:db8::/32");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.0.0.0/33        | --never-allow: '10.0.0.0/33' must be an address or a range, such as
            10.0.0             | --never-allow: '10.0.0' must be
            10.0.0.1:443       | --never-allow: '10.0.0.1:443' must be
            10.0.0.0/8:443     | --never-allow: '10.0.0.0/8:443' must be
            example.org        | --never-allow: 'example.org' must be
            ''                 | --never-allow: '' must be
            '10.0.0.1,10.0.0.2'| --never-allow: '10.0.0.1,10.0.0.2' must be
            2001:db8::1/32     | has bits set beyond its prefix: write 2001:db8::/32 for the range
            10.0.0.1/8         | has bits set beyond its prefix: write 10.0.0.0/8 for the range, or 10.0.0.1 for the address
            """)
    void refusesWhatAFenceCouldNotClose(String text, String says) {
        assertThatThrownBy(() -> ClosedRanges.parse("--never-allow", List.of("192.0.2.1", text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(says);
    }
}
