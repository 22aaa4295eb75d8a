package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LocalSocketTest {
    /** Whoever may use the socket could have every image that the node may have. */
    @Test
    void usersDoNotPullByTheNodesCredentials() {
        RegistrySettings registries = new RegistrySettings(
                Map.of(), Set.of("registry.lab.example.org:5000"), Optional.empty(), Duration.ofSeconds(20));
        ImageSettings node = new ImageSettings(
                Path.of("/images"),
                registries,
                Optional.of(Path.of("/etc/the-nodes-own.json")),
                Optional.of(Path.of("/etc/signatures.yaml")),
                5);

        ImageSettings users = new LocalSocket(Optional.empty(), "games", 20, node).images();

        assertThat(users.credentials()).isEmpty();
        assertThat(users)
                .isEqualTo(new ImageSettings(
                        Path.of("/images"),
                        registries,
                        Optional.empty(),
                        Optional.of(Path.of("/etc/signatures.yaml")),
                        5));
    }
}
