package dev.agentcontainers.egressproxy.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CertifiedServersTest {
    private static final String AGENT = "100.80.4.2";
    private static final String OTHER = "100.80.4.3";

    private final List<CompletableFuture<X509Certificate>> asked = new ArrayList<>();
    private final CertifiedServers servers = new CertifiedServers(
            (agent, name, key) -> {
                CompletableFuture<X509Certificate> answer = new CompletableFuture<>();
                asked.add(answer);
                return answer;
            },
            () -> 0);

    @BeforeEach
    void configure() {
        servers.configure(new Configure(
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(AGENT, "one", OTHER, "two"),
                List.of(),
                NameLimits.DEFAULT));
    }

    @Test
    void anAgentHasFewCertificatesAskedForAtATimeAndNoOtherWaits() {
        for (int i = 0; i < 4; i++) {
            assertThat(servers.of(AGENT, "n" + i + ".example.org")).isNotDone();
        }
        assertThat(servers.of(AGENT, "more.example.org")).isCompletedExceptionally();
        assertThat(servers.of(OTHER, "more.example.org")).isNotDone();
        assertThat(asked).hasSize(5);

        asked.getFirst().completeExceptionally(new IllegalStateException("refused"));

        assertThat(servers.of(AGENT, "more.example.org")).isNotDone();
        assertThat(servers.of(AGENT, "n1.example.org")).as("asked for already").isNotDone();
        assertThat(asked).hasSize(6);
    }

    @Test
    void anAgentTakesNoPlacesOfOthers() {
        servers.of(OTHER, "kept.example.org");
        for (int i = 0; i < 1000; i++) {
            servers.of(AGENT, "n" + i + ".example.org");
            asked.getLast().completeExceptionally(new IllegalStateException("refused"));
        }
        int before = asked.size();
        servers.of(OTHER, "kept.example.org");
        assertThat(asked).hasSize(before);
    }
}
