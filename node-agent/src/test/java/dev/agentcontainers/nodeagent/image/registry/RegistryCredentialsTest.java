package dev.agentcontainers.nodeagent.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials.Login;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class RegistryCredentialsTest {
    private static final String AUTH = Base64.getEncoder().encodeToString("me:se:cret".getBytes(UTF_8));

    private static RegistryCredentials of(String auths) {
        return RegistryCredentials.ofDockerConfig("secret 'pull'", ("{\"auths\":{" + auths + "}}").getBytes(UTF_8));
    }

    @Test
    void theLongestPathThatFitsDecides() {
        RegistryCredentials credentials = of("\"registry.example\":{\"username\":\"all\",\"password\":\"1\"},"
                + "\"https://registry.example/team/\":{\"auth\":\"" + AUTH + "\"}");

        assertThat(credentials.login("registry.example", "team/agent")).contains(new Login("me", "se:cret"));
        assertThat(credentials.login("registry.example", "team")).contains(new Login("me", "se:cret"));
        assertThat(credentials.login("registry.example", "teams/agent")).contains(new Login("all", "1"));
    }

    @Test
    void anotherHostGetsNothing() {
        RegistryCredentials credentials = of("\"registry.example:5000\":{\"auth\":\"" + AUTH + "\"}");

        assertThat(credentials.login("registry.example:5000", "a")).isPresent();
        assertThat(credentials.login("registry.example", "a")).isEmpty();
        assertThat(credentials.login("evil-registry.example:5000", "a")).isEmpty();
        assertThat(credentials.login("registry.example:5000.evil.example", "a")).isEmpty();
    }

    @Test
    void dockerHubIsCalledByItsFirstUrl() {
        assertThat(of("\"https://index.docker.io/v1/\":{\"auth\":\"" + AUTH + "\"}")
                        .login("registry-1.docker.io", "library/debian"))
                .isPresent();
    }

    @Test
    void whatCannotBeUsedIsSaidWithoutTheSecret() {
        String noColon = Base64.getEncoder().encodeToString("secret".getBytes(UTF_8));
        assertThatThrownBy(() -> of("\"r.example\":{\"auth\":\"" + noColon + "\"}"))
                .hasMessageContaining("secret 'pull'")
                .hasMessageContaining("'r.example'")
                .hasMessageNotContaining(noColon);
        assertThatThrownBy(() -> of("\"r.example\":{\"identitytoken\":\"t0ps3cret\"}"))
                .hasMessageContaining("identity tokens")
                .hasMessageNotContaining("t0ps3cret");
        assertThatThrownBy(() -> of("\"*.example\":{\"auth\":\"" + AUTH + "\"}"))
                .hasMessageContaining("'*.example'");
        assertThatThrownBy(() -> RegistryCredentials.ofDockerConfig("secret 'pull'", "{t0ps3cret".getBytes(UTF_8)))
                .hasMessage("secret 'pull' is not JSON")
                .hasNoCause();
        assertThat(of("\"r.example\":{\"auth\":\"" + AUTH + "\"}")).hasToString("RegistryCredentials[r.example]");
    }
}
