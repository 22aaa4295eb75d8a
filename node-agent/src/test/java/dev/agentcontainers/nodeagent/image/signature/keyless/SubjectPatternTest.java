package dev.agentcontainers.nodeagent.image.signature.keyless;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SubjectPatternTest {
    @ParameterizedTest
    @CsvSource({
        "https://github.com/team/agent/w.yaml@refs/tags/*, https://github.com/team/agent/w.yaml@refs/tags/v1, true",
        "https://github.com/team/agent/w.yaml@refs/tags/*, https://github.com/team/agent/w.yaml@refs/tags/, true",
        "https://github.com/team/agent/w.yaml@refs/tags/*, https://github.com/team/agent/w.yaml@refs/tags/a/b, false",
        "https://github.com/team/agent/w.yaml@refs/tags/**, https://github.com/team/agent/w.yaml@refs/tags/a/b, true",
        "https://github.com/team/agent/w.yaml@refs/tags/v*, https://github.com/team/agent/w.yaml@refs/tags/1, false",
        "https://github.com/team/*/w.yaml@refs/tags/v1, https://github.com/team/a/w.yaml@refs/tags/v1, true",
        "https://github.com/team/*/w.yaml@refs/tags/v1, https://github.com/team/a/b/w.yaml@refs/tags/v1, false",
        "https://github.com/team/*/w.yaml@refs/tags/v1, https://github.com/team/a/w.yaml@refs/tags/v10, false",
        "https://github.com/team/*/w.yaml@refs/tags/v1, xhttps://github.com/team/a/w.yaml@refs/tags/v1, false",
        "https://github.com/team/**/w.yaml@**, https://github.com/team/a/b/w.yaml@refs/heads/x/y, true",
        "https://github.com/team/**/w.yaml@**, https://github.com/teams/a/b/w.yaml@refs/heads/x/y, false",
        "https://github.com/team/a?b/*, https://github.com/team/axb/c, false",
        "https://github.com/team/**, https://github.com/team/a/w.yaml@refs/heads/main, false",
        "*@example.org, ann@example.org, true",
        "*@example.org, ann@example.com@example.org, false",
        "*@example.org, ann@example.org.example.com, false",
        "*@example.org, https://a/@example.org, false",
    })
    void fitsTheWholeSubject(String pattern, String subject, boolean fits) {
        assertThat(SubjectPattern.fitting(pattern).fits(subject)).isEqualTo(fits);
    }

    /** Whoever may push to a repository names its branches, and an {@code @} may be in the name. */
    @ParameterizedTest
    @CsvSource({
        "https://github.com/team/agent/**@refs/heads/main, https://github.com/team/agent/.github/workflows/evil.yaml@refs/heads/x@refs/heads/main",
        "https://github.com/team/agent/**/release.yaml@refs/tags/v*, https://github.com/team/agent/.github/workflows/evil.yaml@refs/heads/y/release.yaml@refs/tags/v1",
        "https://github.com/team/agent/.github/workflows/*@refs/heads/main, https://github.com/team/agent/.github/workflows/evil.yaml@refs@refs/heads/main",
        "https://github.com/team/**@**, https://github.com/team/agent/.github/workflows/evil.yaml@refs/heads/x@refs/heads/main",
        "https://github.com/team/agent/w.yaml@refs/tags/*, https://github.com/team/agent/w.yaml@refs/tags/v1@x",
    })
    void aBranchWrittenLikeTheRestOfThePatternDoesNotFit(String pattern, String subject) {
        assertThat(SubjectPattern.fitting(pattern).fits(subject)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "*",
                "**",
                "**@**",
                "*@*",
                "*@*.org",
                "*@org",
                "**@example.org",
                "a*",
                "https://**",
                "https://*/team/agent/**",
                "https://github.com/**",
                "https://github.com/*",
                "https://github.com/team*",
                "https://github.com/*/agent/.github/workflows/release.yaml@refs/tags/v1",
                "https://github.com@example.org/team*",
                "https://github.com/team/***",
                "https://github.com/team/* ",
            })
    void whatStrangersWouldFitIsRefused(String pattern) {
        assertThatThrownBy(() -> SubjectPattern.fitting(pattern))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + pattern + "'");
    }

    @Test
    void anExactOneFitsItselfOnly() {
        SubjectPattern exact = SubjectPattern.exactly("ann@example.org");

        assertThat(exact.fits("ann@example.org")).isTrue();
        assertThat(exact.fits("Ann@example.org")).isFalse();
        assertThatThrownBy(() -> SubjectPattern.exactly("*@example.org")).hasMessageContaining("subjectPattern");
    }

    /** Who asks for a certificate chooses much of the subject. */
    @Test
    @Timeout(20)
    void noSubjectTakesLong() {
        SubjectPattern pattern = SubjectPattern.fitting("https://github.com/team/" + "**a".repeat(100) + "b");
        long start = System.nanoTime();

        assertThat(pattern.fits("https://github.com/team/" + "a".repeat(2000))).isFalse();
        assertThat(pattern.fits("https://github.com/team/" + "a".repeat(5_000_000) + "b"))
                .isFalse();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }
}
