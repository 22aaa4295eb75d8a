package dev.agentcontainers.policy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which requests a rule lets pass. */
class RequestRuleTest {
    private static final String NAME = "www.example.org";

    @ParameterizedTest
    @CsvSource({
        "GET, /v1/items, true",
        "HEAD, /v1/items, true",
        "POST, /v1/items, false",
        "get, /v1/items, false",
        "GET, /v1/items/, false",
        "GET, /v1/Items, false",
        "GET, /v1/items2, false",
        "GET, /v2/, true",
        "GET, /v2/a/b, true",
        "GET, /v2, false",
        "GET, /V2/a, false",
        "GET, /, false",
    })
    void byMethodAndPath(String method, String path, boolean passes) {
        RequestRule rule = new RequestRule(List.of("GET", "HEAD"), List.of("/v1/items", "/v2/*"), List.of());

        assertThat(rule.allows(new HttpRequest(method, NAME, path), NAME)).isEqualTo(passes);
    }

    @Test
    void allMethodsAndPaths() {
        RequestRule rule = new RequestRule(List.of("GET", "*"), List.of("/a", "/*", "/b/*"), List.of());

        assertThat(rule.methods()).containsExactly("*");
        assertThat(rule.paths()).containsExactly("/*");
        assertThat(rule.allows(new HttpRequest("PURGE", NAME, "/x"), NAME)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "www.example.org, true",
        "api.example.net, true",
        "a.example.com, true",
        "a.b.example.com, true",
        "example.com, false",
        "aexample.com, false",
        "other.example.org, false",
    })
    void byHost(String host, boolean passes) {
        RequestRule rule = new RequestRule(
                List.of("GET"), List.of("/"), List.of("*.example.com", "api.example.net", "www.example.org"));

        assertThat(rule.allows(new HttpRequest("GET", host, "/"), "cdn.example.org"))
                .isEqualTo(passes);
    }

    @Test
    void withoutHostsByTheNameThatWasResolved() {
        RequestRule rule = new RequestRule(List.of("GET"), List.of("/"), List.of());

        assertThat(rule.allows(new HttpRequest("GET", NAME, "/"), NAME)).isTrue();
        assertThat(rule.allows(new HttpRequest("GET", "other.example.org", "/"), NAME))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "get", "GET POST", "CONNECT", "G*", "GÉT"})
    void noMethods(String method) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RequestRule(List.of(method), List.of("/"), List.of()))
                .withMessageContaining("'" + method + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "v1", "*", "/v1/*/a", "/**", "/%61", "/a//b", "/a/../*", "/a?b", "/a;b", "/%c3%a4"})
    void noPaths(String path) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RequestRule(List.of("GET"), List.of(path), List.of()))
                .withMessageContaining("'" + path + "'");
    }

    @Test
    void noRulesThatAllowNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> RequestRule.of(null, List.of("/"), null, null));
        assertThatIllegalArgumentException().isThrownBy(() -> RequestRule.of(List.of("GET"), null, null, null));
    }

    @ParameterizedTest
    @CsvSource({"GET, true, true", "*, true, true", "GET, false, false"})
    void aWebSocketPassesWhereTheRuleHasThem(String method, boolean webSocket, boolean passes) {
        RequestRule rule = new RequestRule(List.of(method), List.of("/v1/*"), List.of(), webSocket);

        assertThat(rule.allows(new HttpRequest("GET", NAME, "/v1/a", false, true), NAME))
                .isEqualTo(passes);
        assertThat(rule.allows(new HttpRequest("GET", NAME, "/v2/a", false, true), NAME))
                .as("another path")
                .isFalse();
        assertThat(rule.allows(new HttpRequest("GET", "other.example.org", "/v1/a", false, true), NAME))
                .as("another host")
                .isFalse();
        assertThat(rule.allows(new HttpRequest("GET", NAME, "/v1/a"), NAME))
                .as("the request alone")
                .isTrue();
    }

    @Test
    void whatBeginsAWebSocketIsAGet() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RequestRule(List.of("HEAD", "POST"), List.of("/"), List.of(), true))
                .withMessageContaining("needs GET or *");
    }
}
