package dev.agentcontainers.nodeagent.observability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class AuditMetersTest {
    private static final AuditSubject SUBJECT = new AuditSubject(
            new SandboxId("a"),
            new AuditSubject.Agent("team", "coder", "uid"),
            "100.80.4.2",
            "group",
            "hash",
            List.of());

    @Test
    void thereAreAsManyAsThereAreAgents() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        AuditMeters meters = new AuditMeters(registry);
        SandboxId id = SUBJECT.sandbox();

        meters.came(SUBJECT, new AuditCounts(Instant.EPOCH));

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

    /** Each that finds room while the last is taken would be one more. */
    @Test
    void rulesHaveNoMoreMetersThanTheirBoundAlsoOfMoreThreads() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        AuditMeters meters = new AuditMeters(registry);
        int threads = 8;
        int each = AuditMeters.MOST_RULES / threads + 50;
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            for (int thread = 0; thread < threads; thread++) {
                int first = thread * each;
                executor.execute(() -> {
                    for (int rule = first; rule < first + each; rule++) {
                        meters.spent(SUBJECT, "team/policy spec.egress[" + rule + "]", 1);
                    }
                });
            }
        }

        assertThat(registry.getMeters()).hasSize(AuditMeters.MOST_RULES + 1);
        assertThat(registry.get("agentcontainers.egress.budget.bytes")
                        .tag("rule", "others")
                        .counter()
                        .count())
                .isEqualTo(threads * each - AuditMeters.MOST_RULES);
    }
}
