package dev.agentcontainers.nodeagent.image.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ImageReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RepositoryPatternTest {
    @ParameterizedTest
    @CsvSource({
        "*, debian, true",
        "docker.io/library/debian, debian:13, true",
        "docker.io/debian, debian, true",
        "docker.io/debian, index.docker.io/debian, true",
        "index.docker.io/debian, debian, true",
        "docker.io/*, index.docker.io/library/debian, true",
        "docker.io/*, registry-1.docker.io/library/debian, true",
        "docker.io/library/debian, debian/debian, false",
        "r.example.org/team/agent, r.example.org/team/agent:1, true",
        "r.example.org/team/agent, r.example.org/team/agent2, false",
        "r.example.org/team/agent, r.example.org/team/agent/more, false",
        "r.example.org/team/*, r.example.org/team/a/b, true",
        "r.example.org/team/*, r.example.org/team, false",
        "r.example.org/team/*, r.example.org/teams/a, false",
        "r.example.org/*, r.example.org/team, true",
        "r.example.org/*, r.example.org.evil.example/team, false",
        "r.example.org/*, R.Example.ORG/team, true",
        "r.example.org/*, r.example.org:443/team, true",
        "r.example.org/*, r.example.org:00443/team, true",
        "r.example.org:443/*, r.example.org/team, true",
        "r.example.org/*, r.example.org:5000/team, false",
        "r.example.org:5000/*, r.example.org:05000/team, true",
        "localhost/a, localhost/a, true",
        "127.0.0.1:5000/a/*, 127.0.0.1:5000/a/b, true",
    })
    void fitsWhatItIsFor(String pattern, String image, boolean fits) {
        assertThat(RepositoryPattern.parse(pattern).fits(ImageReference.parse(image)))
                .isEqualTo(fits);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "debian",
                "team/agent",
                "r.example.org",
                "r.example.org/",
                "r.example.org/team/agent:1",
                "r.example.org/team@sha256:0",
                "*.example.org/team",
                "r.example.org/*/agent",
                "r.example.org/Team",
                "https://r.example.org/team",
                "r.example.org/team*",
                "**"
            })
    void whatIsNoneIsRefused(String pattern) {
        assertThatThrownBy(() -> RepositoryPattern.parse(pattern))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HOST[:PORT]/REPOSITORY");
    }
}
