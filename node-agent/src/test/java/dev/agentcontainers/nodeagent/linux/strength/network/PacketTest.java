package dev.agentcontainers.nodeagent.linux.strength.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.strength.network.Packet.Destination;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class PacketTest {
    private static final Ipv4 FROM = Ipv4.parse("100.80.0.3");
    private static final Ipv4 TO = Ipv4.parse("192.0.2.1");

    /** The beginning of a connection, as it was captured. */
    private static final Packet SENT = packet("0eac645000030aac64500003" + "0800"
            + "4500003c1c4640004006" + "0000" + "64500003c0000201"
            + "c0001f90000000000000000050020000" + "00000000");

    private static Packet packet(String hexadecimal) {
        return new Packet(HexFormat.of().parseHex(hexadecimal));
    }

    @Test
    void tellsWhereOneGoes() {
        assertThat(SENT.destination()).contains(new Destination(Packet.TCP, TO, 8080));
    }

    /** Worked out by hand. */
    @Test
    void makesADatagramBesideOne() {
        Packet made = SENT.udp(FROM, TO, 53, "ab");
        assertThat(HexFormat.of().formatHex(made.bytes()))
                .isEqualTo("0eac645000030aac64500003" + "0800" + "4500001e000000004011" + "547b" + "64500003c0000201"
                        + "00350035000a0000" + "6162");
        assertThat(made.destination()).contains(new Destination(Packet.UDP, TO, 53));
        assertThat(made.has("ab")).isTrue();
        assertThat(made.has("ba")).isFalse();
    }

    @Test
    void knowsOfNoPortWhereThereIsNone() {
        assertThat(SENT.other(FROM, TO, 47, new byte[8], "ab").destination()).isEmpty();
        assertThat(SENT.ipv6(new byte[16], new byte[16], 53, "ab").destination())
                .isEmpty();
        for (int length = 0; length < 38; length++) {
            assertThat(new Packet(Arrays.copyOf(SENT.bytes(), length)).destination())
                    .as("cut to %d bytes", length)
                    .isEmpty();
        }
    }
}
