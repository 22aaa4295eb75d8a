package dev.agentcontainers.policy.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DomainNameTest {
    private static final String LABEL = "a".repeat(63);

    @ParameterizedTest
    @CsvSource({
        "www.example.org,           www.example.org,           false",
        "WWW.Example.ORG.,          www.example.org,           false",
        "*.example.org,             example.org,               true",
        "*.Example.Org.,            example.org,               true",
        "xn--bcher-kva.example,     xn--bcher-kva.example,     false",
        "bücher.example,            xn--bcher-kva.example,     false",
        "BÜCHER.example,            xn--bcher-kva.example,     false",
        "*.bücher.example,          xn--bcher-kva.example,     true",
        "bücher。example,            xn--bcher-kva.example,     false",
        "пример.рф,                 xn--e1afmkfd.xn--p1ai,     false",
        "a_b.example.org,           a_b.example.org,           false"
    })
    void readsRulesNames(String text, String suffix, boolean wildcard) {
        assertThat(DomainName.parse(text)).isEqualTo(new DomainName(suffix, wildcard));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "*",
                "*.",
                "org",
                "*.org",
                "a..example.org",
                ".example.org",
                "example.org..",
                "*.*.example.org",
                "a.*.example.org",
                "-a.example.org",
                "exa mple.org",
                "example.org\u0000",
                "example.org\u0000.evil.org",
                "127.0.0.1",
                "*.0.0.1",
                "0x7f.0x1",
                "0177.0.0.01",
                "example.1",
                "example.0x",
                "::ffff:10.0.0.1",
                "[::1].example.org",
                "http://example.org",
                "straße.example",
                "βόλος.example",
                "a\u200db.example",
                "１２７.０.０.１"
            })
    void refusesWhatIsNoNameOrReadDifferentlyByOthers(String text) {
        assertThatThrownBy(() -> DomainName.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesLabelsAndNamesThatAreTooLong() {
        String longest = LABEL + "." + LABEL + "." + LABEL + "." + "a".repeat(61);

        assertThat(DomainName.parse(longest).suffix()).hasSize(DomainName.LONGEST);
        assertThatThrownBy(() -> DomainName.parse(longest + "a")).hasMessageContaining("is no domain name");
        assertThatThrownBy(() -> DomainName.parse("a" + LABEL + ".example.org"))
                .hasMessageContaining("is no domain name");
        assertThatThrownBy(() -> DomainName.parse("ü".repeat(63) + ".example.org"))
                .hasMessageContaining("A-labels");
    }

    @ParameterizedTest
    @CsvSource({
        "www.example.org,               www.example.org",
        "wWw.eXample.orG,               www.example.org",
        "www.example.org.,              www.example.org",
        "_acme-challenge.example.org,   _acme-challenge.example.org",
        "-x.example.org,                -x.example.org",
        "XN--BCHER-KVA.example,         xn--bcher-kva.example"
    })
    void normalizesWhatIsAskedFor(String asked, String name) {
        assertThat(DomainName.asked(asked)).contains(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "localhost",
                "org.",
                "example.org..",
                "a..example.org",
                "example.org\u0000",
                "example.org\u0000.evil.org",
                "a b.example.org",
                "a\\.example.org",
                "*.example.org",
                "bücher.example",
                "\u212Aube.example",
                "127.0.0.1",
                "2130706433",
                "www.2130706433",
                "0x7f000001",
                "0x7f.0.0.0x1",
                "0177.0.0.01",
                "1.2.3.4.",
                "::ffff:127.0.0.1",
                "fe80::1%eth0"
            })
    void noRuleMeansAddressesInDisguiseOrBytesThatAreNotOfNames(String asked) {
        assertThat(DomainName.asked(asked)).isEmpty();
    }

    @Test
    void noRuleMeansNamesThatAreTooLong() {
        String longest = LABEL + "." + LABEL + "." + LABEL + "." + "a".repeat(61);

        assertThat(DomainName.asked(longest + ".")).contains(longest);
        assertThat(DomainName.asked(longest + "a")).isEmpty();
        assertThat(DomainName.asked("a" + LABEL + ".example.org")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "example.org,   example.org,          true",
        "example.org,   www.example.org,      false",
        "example.org,   example.org.evil.net, false",
        "example.org,   badexample.org,       false",
        "*.example.org, www.example.org,      true",
        "*.example.org, a.b.c.example.org,    true",
        "*.example.org, example.org,          false",
        "*.example.org, badexample.org,       false",
        "*.example.org, .example.org,         false",
        "*.example.org, example.org.evil.net, false"
    })
    void aWildcardMeansOneOrMoreLabelsAndNotTheApex(String rule, String name, boolean matches) {
        assertThat(DomainName.parse(rule).matches(name)).isEqualTo(matches);
    }
}
