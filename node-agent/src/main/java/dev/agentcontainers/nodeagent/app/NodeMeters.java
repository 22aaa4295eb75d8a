package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.app.NodeAgent.Parts;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.gateway.GatewayConnection;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The node agent's metrics. */
@Singleton
public class NodeMeters {
    private final MeterRegistry registry;
    private final RunningNode node;

    NodeMeters(MeterRegistry registry, RunningNode node) {
        this.registry = registry;
        this.node = node;
    }

    void register(@Observes StartupEvent event) {
        gauge(
                "agentcontainers.agents",
                "Agents on this node, in any state",
                parts -> parts.supervisor().agents());
        gauge(
                "agentcontainers.policy.revision",
                "Generation of the AgentNodePolicy that is in force",
                parts -> parts.policy().enforced().map(Enforced::revision).orElse(0L));
        gauge(
                "agentcontainers.policy.groups",
                "Policy groups in the kernel",
                parts -> parts.policy()
                        .enforced()
                        .map(each -> each.hashes().size())
                        .orElse(0));
        gauge(
                "agentcontainers.statuses.waiting",
                "Statuses of agents that wait to be written",
                parts -> parts.reporter().waiting());
        gauge(
                "agentcontainers.heartbeat.timestamp.seconds",
                "When the node's Lease was last renewed",
                parts -> seconds(parts.heartbeat().renewed()));
        gauge(
                "agentcontainers.credential.expiry.timestamp.seconds",
                "When the node's credential ends; 0 where it does not",
                parts -> seconds(parts.credentials().expires()));
        gauge(
                "agentcontainers.watching",
                "1 while assignments and policy are watched",
                parts -> parts.assignments().isWatching() && parts.policies().isWatching() ? 1 : 0);
        gauge(
                "agentcontainers.gateway.connected",
                "1 while users can reach agents of this node through the gateway",
                parts -> parts.gateway().filter(GatewayConnection::isConnected).isPresent() ? 1 : 0);
        FunctionCounter.builder(
                        "agentcontainers.status.writes",
                        node,
                        each -> each.parts()
                                .map(parts -> (double) parts.reporter().writes())
                                .orElse(0d))
                .description("Statuses of agents that were written")
                .register(registry);
    }

    private void gauge(String name, String description, ToDoubleFunction<Parts> value) {
        Gauge.builder(name, node, each -> each.parts().map(value::applyAsDouble).orElse(0d))
                .description(description)
                .register(registry);
    }

    private static double seconds(Optional<Instant> instant) {
        return instant.map(Instant::getEpochSecond).orElse(0L);
    }
}
