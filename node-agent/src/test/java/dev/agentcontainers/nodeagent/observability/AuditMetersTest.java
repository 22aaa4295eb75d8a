package dev.agentcontainers.nodeagent.observability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class AuditMetersTest {
    @Test
    void thereAreAsManyAsThereAreAgents() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        AuditMeters meters = new AuditMeters(registry);
        SandboxId id = new SandboxId("a");
        AuditSubject subject = new AuditSubject(
                id, new AuditSubject.Agent("team", "coder", "uid"), "100.80.4.2", "group", "hash", List.of());

        meters.came(subject, new AuditCounts(Instant.EPOCH));

        assertThat(registry.get("agentcontainers.egress.flows")
                        .tag("namespace", "team")
                        .tag("agent", "coder")
                        .tag("verdict", "denied")
                        .functionCounter()
                        .count())
                .isZero();
        assertThat(registry.getMeters()).hasSize(5);
        meters.gone(id);
        meters.gone(id);
        assertThat(registry.getMeters()).isEmpty();
    }
}
