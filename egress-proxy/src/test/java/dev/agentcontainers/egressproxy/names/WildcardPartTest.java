package dev.agentcontainers.egressproxy.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameLimits;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WildcardPartTest {
    private static WildcardPart part(String labels) {
        return WildcardPart.of(labels + ".example.org", DomainName.parse("*.example.org"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "www",
                "a.b.c",
                "d111111abcdef8",
                "0123456789abcdef0123456789abcdef.gr7.us-east-1.eks",
                "internal-a1b2c3d4e5f6a7b8-1234567890.us-east-1.elb",
                "application-gateway-production-frontend",
                "my-company-data-lake-bucket-2026",
                "dualstack.python.map"
            })
    void takesNamesOfServices(String labels) {
        assertThat(part(labels).labels()).isEqualTo(labels);
        assertThat(part(labels).exceeds(NameLimits.DEFAULT)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Longer than a label may be; all together longer than names are; random letters and digits.
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "k7q2v9z4m1b8w3r6t0y5h2j7l4n9p6s1d8f3",
                "x.q8x2m5v0c7b4n1z9l6k3j2h8g5f0d7s4a1p9o6i3.x"
            })
    void refusesWhatLooksLikeData(String labels) {
        assertThat(part(labels).exceeds(NameLimits.DEFAULT)).isTrue();
    }
}
