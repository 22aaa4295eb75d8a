package dev.agentcontainers.policy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a path is compared as, and which paths are not compared at all. */
class RequestPathTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "/,/",
                "/v1/items,/v1/items",
                "/v1/items/,/v1/items/",
                "/V1,/V1",
                "/%61dmin,/admin",
                "/%7euser,/~user",
                "/file%2etxt,/file.txt",
                "/.git/config,/.git/config",
                "/...,/...",
                "/a%20b,/a%20b",
                "/%e4%bd%a0,/%E4%BD%A0",
                "/a+b=c&d,/a+b=c&d",
                "/it's,/it%27s",
                "/a%2bb,/a%2Bb",
                "/@me:1*,/@me:1%2A",
            })
    void haveOneForm(String path, String canonical) {
        assertThat(RequestPath.canonical(path)).contains(canonical);
        assertThat(RequestPath.canonical(canonical)).as("again").contains(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "v1",
                "*",
                "//",
                "/v1//admin",
                "/.",
                "/..",
                "/v1/../admin",
                "/v1/./admin",
                "/v1/..",
                "/v1/%2e%2e/admin",
                "/v1/%2E./admin",
                "/v1/.%2e",
                "/v1%2fadmin",
                "/v1%2Fadmin",
                "/v1%5cadmin",
                "/v1\\admin",
                "/v1/..\\admin",
                "/v1;/admin",
                "/v1/..;/admin",
                "/v1%3b/admin",
                "/%252e%252e/admin",
                "/%25",
                "/a%3fb",
                "/a?b",
                "/a#b",
                "/a%23b",
                "/a%00",
                "/a%0d%0a",
                "/a%7f",
                "/%",
                "/%4",
                "/%g1",
                "/%+1",
                "/%\u0661\u0661",
                "/%c0%ae%c0%ae/admin",
                "/%c0%af",
                "/%ff",
                "/%e4/%bd%a0",
                "/\u4f60",
                "/a b",
                "/a\tb",
                "/a\"b",
                "/<a>",
                "/{a}",
                "/a|b",
                "/a^b",
                "/a`b",
                "/[a]",
            })
    void haveNone(String path) {
        assertThat(RequestPath.canonical(path)).isEmpty();
    }

    @Test
    void areNotEndless() {
        assertThat(RequestPath.canonical("/" + "a".repeat(RequestPath.LONGEST - 1)))
                .isPresent();
        assertThat(RequestPath.canonical("/" + "a".repeat(RequestPath.LONGEST))).isEmpty();
    }
}
