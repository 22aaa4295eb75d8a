package dev.agentcontainers.nodeagent.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4NetworkTest {
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0/0, 255.255.255.255",
        "100.80.4.0/22, 100.80.7.255",
        "10.0.0.1, 10.0.0.1",
        "255.255.255.255/32, 255.255.255.255"
    })
    void lastAddress(String network, String last) {
        assertThat(Ipv4Network.parse(network).last()).hasToString(last);
    }

    @Test
    void contains() {
        Ipv4Network network = Ipv4Network.parse("200.0.0.0/8");
        assertThat(network.contains(Ipv4.parse("200.255.255.255"))).isTrue();
        assertThat(network.contains(Ipv4.parse("201.0.0.0"))).isFalse();
        assertThat(Ipv4Network.parse("0.0.0.0/0").contains(Ipv4.parse("201.0.0.0")))
                .isTrue();
    }

    @Test
    void addressesAreOrderedAsUnsignedNumbers() {
        assertThat(Ipv4.parse("200.0.0.1")).isGreaterThan(Ipv4.parse("100.0.0.1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "ten", "10.0.0.0/8/8", "fd00::/8"})
    void malformed(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Ipv4Network.parse(text));
    }
}
