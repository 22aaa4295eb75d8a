package dev.agentcontainers.nodeagent.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.driver.SwitchableDriver;
import dev.agentcontainers.nodeagent.observability.UsageMeters;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AgentUsesTest {
    private static final SandboxId ID = new SandboxId("a");
    private static final Assignment.Agent AGENT = new Assignment.Agent("team", "coder", "uid", 1);

    private final SwitchableDriver driver = new SwitchableDriver(true);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Set<SandboxId> ids = ConcurrentHashMap.newKeySet();
    private final AgentUses uses = new AgentUses(
            () -> Set.copyOf(ids), id -> Optional.of(new KnownAgent(AGENT, driver)), new UsageMeters(registry));

    @AfterEach
    void close() throws InterruptedException {
        uses.close();
    }

    /** A machine that does not count out-of-memory kills, and an agent without limits but of memory. */
    private static SandboxStats stats(String run, long cpuNanos) {
        return new SandboxStats(
                Instant.EPOCH,
                Instant.EPOCH,
                run,
                OptionalLong.of(cpuNanos),
                OptionalLong.empty(),
                OptionalLong.of(50 << 20),
                OptionalLong.of(60 << 20),
                OptionalLong.of(64 << 20),
                OptionalLong.of(3),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    @Test
    void whatIsNotToldHasNoMetric() {
        ids.add(ID);
        driver.uses(ID, stats("1", 2_500_000_000L));
        uses.look();
        assertThat(registry.getMeters()).hasSize(4);
        assertThat(registry.get("agentcontainers.agent.cpu.seconds")
                        .tag("namespace", "team")
                        .tag("agent", "coder")
                        .tag("assignment", "a")
                        .functionCounter()
                        .count())
                .isEqualTo(2.5);
        assertThat(registry.get("agentcontainers.agent.memory.working.set.bytes")
                        .gauge()
                        .value())
                .isEqualTo(50 << 20);
        assertThat(registry.get("agentcontainers.agent.memory.limit.bytes")
                        .gauge()
                        .value())
                .isEqualTo(64 << 20);
        assertThat(registry.get("agentcontainers.agent.processes").gauge().value())
                .isEqualTo(3);
    }

    @Test
    void metricsGoWithTheRunAndWithTheAgent() {
        ids.add(ID);
        uses.look();
        assertThat(registry.getMeters()).isEmpty();
        driver.uses(ID, stats("1", 1));
        uses.look();
        assertThat(registry.getMeters()).isNotEmpty();
        driver.usesNothing(ID);
        uses.look();
        assertThat(registry.getMeters()).isEmpty();
        driver.uses(ID, stats("2", 1));
        uses.look();
        assertThat(registry.getMeters()).isNotEmpty();
        ids.remove(ID);
        uses.look();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void processorTimeIsOfTheTimeSinceTheLastLookWhichIsASecondAtLeast() throws Exception {
        ids.add(ID);
        driver.uses(ID, stats("1", 1_000_000_000L));
        uses.look();
        driver.uses(ID, stats("1", 1_500_000_000L));
        UsageOverTime now = uses.now(ID, driver).orElseThrow();
        assertThat(now.elapsed()).isBetween(AgentUses.SHORTEST, Duration.ofSeconds(30));
        assertThat(now.cpuMillis())
                .hasValue(Math.round(500.0 * 1_000_000_000L / now.elapsed().toNanos()));
    }

    @Test
    void ofAnAgentThatWasNotLookedAtYetItTakesASecond() throws Exception {
        assertThat(uses.now(ID, driver)).isEmpty();
        driver.uses(ID, stats("1", 7));
        UsageOverTime now = uses.now(ID, driver).orElseThrow();
        assertThat(now.elapsed()).isGreaterThanOrEqualTo(AgentUses.SHORTEST);
        assertThat(now.cpuMillis()).hasValue(0);
    }

    /** Its counts began anew: the difference to those of the run before would mean nothing. */
    @Test
    void aRunIsNotComparedWithTheOneBefore() throws Exception {
        ids.add(ID);
        driver.uses(ID, stats("1", 1));
        uses.look();
        driver.uses(ID, stats("2", 9_000_000_000L));
        UsageOverTime now = uses.now(ID, driver).orElseThrow();
        assertThat(now.earlier().run()).isEqualTo("2");
        assertThat(now.cpuMillis()).hasValue(0);
    }
}
