package dev.agentcontainers.nodeagent.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
    private static final String HEX = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    @ParameterizedTest
    @CsvSource({
        "debian, docker.io/library/debian:latest",
        "team/agent:2, docker.io/team/agent:2",
        "localhost/agent, localhost/agent:latest",
        "registry.example:5000/a/b_c/d--e:v1.0, registry.example:5000/a/b_c/d--e:v1.0",
        "[::1]:5000/agent:1, [::1]:5000/agent:1",
        "docker.io/debian, docker.io/library/debian:latest",
        "index.docker.io/debian:13, index.docker.io/library/debian:13",
        "Docker.io:443/debian, Docker.io:443/library/debian:latest",
        "registry-1.docker.io/debian, registry-1.docker.io/library/debian:latest",
        "index.docker.io/team/agent, index.docker.io/team/agent:latest",
    })
    void isCompletedAsKubernetesDoes(String written, String complete) {
        ImageReference reference = ImageReference.parse(written);

        assertThat(reference).hasToString(complete);
        assertThat(ImageReference.parse(complete)).isEqualTo(reference);
    }

    @Test
    void isAskedForByItsDigestWhereThereIsOne() {
        ImageReference reference = ImageReference.parse("registry.example/agent:1@sha256:" + HEX);

        assertThat(reference.wanted()).isEqualTo("sha256:" + HEX);
        assertThat(reference.tag()).contains("1");
        assertThat(ImageReference.parse("registry.example/agent@sha256:" + HEX).tag())
                .isEmpty();
    }

    @Test
    void isAskedForAtDockerHubsOwnHost() {
        assertThat(ImageReference.parse("debian").host()).isEqualTo("registry-1.docker.io");
        assertThat(ImageReference.parse("registry.example/debian").host()).isEqualTo("registry.example");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Debian",
                "a//b",
                "../etc/passwd",
                "registry.example/../x",
                "a:",
                "a:-x",
                "a@sha256:12",
                "a@md5:" + HEX,
                "user:password@registry.example/a",
                "registry.example/a?x=y",
                "registry.example/a b",
                "https://registry.example/a",
                "registry.example:123456/a"
            })
    void isRefusedWhereItIsNone(String written) {
        assertThatThrownBy(() -> ImageReference.parse(written))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("image reference '");
    }

    /** A pattern that goes back over what it has read would take years for it. */
    @Test
    void isRefusedFastWhereItIsMadeToTakeLong() {
        assertThatThrownBy(() -> ImageReference.parse("a-".repeat(120) + "!"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
