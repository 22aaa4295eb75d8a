package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Packets that somebody may have made by hand. */
class PacketHeaderTest {
    private static final String ADDRESSES = "64500402" + "c000020a";
    /** 40000 to 443, and what else the beginning of TCP has. */
    private static final String PORTS = "9c4001bb" + "00000000";

    private static Tuple read(String hex) {
        return PacketHeader.read(HexFormat.of().parseHex(hex)).orElseThrow();
    }

    private static String ipv4(String versionAndLength, String fragment, String protocol) {
        return versionAndLength + "000028" + "1092" + fragment + "40" + protocol + "0000" + ADDRESSES;
    }

    @ParameterizedTest
    @CsvSource({"06, 6", "11, 17", "84, 132"})
    void portsOfProtocolsThatHaveThem(String hex, int protocol) {
        assertThat(read(ipv4("45", "0000", hex) + PORTS))
                .isEqualTo(new Tuple(protocol, "100.80.4.2", 40000, "192.0.2.10", 443));
    }

    @Test
    void portsStandBehindOptions() {
        assertThat(read(ipv4("46", "0000", "06") + "01010101" + PORTS).destinationPort())
                .isEqualTo(443);
    }

    @ParameterizedTest
    @CsvSource({
        "45, 0000, 01, 9c4001bb, icmp",
        "45, 0001, 06, 9c4001bb, a later fragment",
        "45, 0000, 06, 9c4001,   cut within its ports",
        "45, 0000, 06, '',       cut before them",
        "44, 0000, 06, 9c4001bb, a header that says it is shorter than any",
        "4f, 0000, 06, 9c4001bb, a header that says it is longer than the packet"
    })
    void noPortsWhereThereAreNone(
            String versionAndLength, String fragment, String protocol, String behind, String what) {
        Tuple tuple = read(ipv4(versionAndLength, fragment, protocol) + behind);
        assertThat(tuple.sourcePort()).as(what).isZero();
        assertThat(tuple.destinationPort()).as(what).isZero();
        assertThat(tuple.source()).isEqualTo("100.80.4.2");
    }

    @Test
    void theFirstFragmentHasThem() {
        assertThat(read(ipv4("45", "2000", "11") + PORTS).sourcePort()).isEqualTo(40000);
    }

    @Test
    void ipv6() {
        String header = "60000000" + "0014" + "11" + "40" + "20010db8" + "0".repeat(23) + "1" + "20010db8"
                + "0".repeat(23) + "2";
        assertThat(read(header + PORTS))
                .isEqualTo(new Tuple(17, "2001:db8:0:0:0:0:0:1", 40000, "2001:db8:0:0:0:0:0:2", 443));
        assertThat(PacketHeader.read(Arrays.copyOf(HexFormat.of().parseHex(header), 39)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "45",
                "45000028109200004006000064500402c00002",
                "00",
                "f5000028109200004006000064500402c000020a"
            })
    void whatHasNoWholeHeaderIsNone(String hex) {
        assertThat(PacketHeader.read(HexFormat.of().parseHex(hex))).isEmpty();
    }
}
