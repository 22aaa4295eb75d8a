package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InvariantsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.1.2.3",
                "127.0.0.1",
                "127.255.255.254",
                "169.254.0.0",
                "169.254.169.254",
                "169.254.170.2",
                "100.100.100.200",
                "168.63.129.16",
                "224.0.0.251",
                "239.255.255.255",
                "255.255.255.255",
                "::",
                "::1",
                "::7f00:1",
                "::ffff:10.0.0.1",
                "::ffff:a9fe:a9fe",
                "fe80::a9fe:a9fe",
                "ff02::fb",
                "fd00:ec2::254",
                "fd20:ce::254",
                "fd00:c1::a9fe:a9fe",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b::7f00:1",
                "64:ff9b::6464:64c8",
                "2002:a9fe:a9fe::1",
                "2002:7f00:1::1",
                "2002:808:808::1",
                "fd00:ec2::23"
            })
    void deniesWhatNoAgentMayReach(String address) {
        assertThat(Invariants.denying(address)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.0.0.0",
                "10.0.0.1",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "100.100.100.199",
                "100.80.0.1",
                "168.63.129.17",
                "223.255.255.255",
                "240.0.0.1",
                "255.255.255.254",
                "fc00::1",
                "fd00:ec3::254",
                "2001:db8::1",
                "64:ff9b::808:808",
                "2003::1"
            })
    void leavesTheRestToPolicy(String address) {
        assertThat(Invariants.denying(address)).isEmpty();
    }
}
