package dev.agentcontainers.egressproxy.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.policy.rule.DomainName;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NameRulesTest {
    private static final NameRules RULES =
            NameRules.of(List.of("example.org", "*.example.org", "*.deep.example.org", "www.example.org", "api.test"));

    @ParameterizedTest
    @CsvSource({
        "example.org,         example.org",
        "www.example.org,     www.example.org",
        "a.example.org,       *.example.org",
        "a.b.example.org,     *.example.org",
        "deep.example.org,    *.example.org",
        "a.deep.example.org,  *.deep.example.org",
        "api.test,            api.test"
    })
    void saysWhichRuleAllows(String name, String rule) {
        assertThat(RULES.allowing(name).map(DomainName::toString)).contains(rule);
    }

    @ParameterizedTest
    @CsvSource({"org", "badexample.org", "example.org.evil.test", "www.api.test", "test"})
    void allowsNothingElse(String name) {
        assertThat(RULES.allowing(name)).isEmpty();
    }

    @Test
    void refusesWhatIsNoName() {
        assertThatThrownBy(() -> NameRules.of(List.of("*"))).hasMessageContaining("'*' is no domain name");
    }
}
