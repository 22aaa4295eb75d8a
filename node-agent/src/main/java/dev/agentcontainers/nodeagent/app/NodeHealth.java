package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.app.NodeAgent.Parts;
import dev.agentcontainers.nodeagent.gateway.GatewayConnection;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/** Says whether the node agent works. An API server or gateway that can't be reached makes it neither unready nor dead. */
@Singleton
public class NodeHealth {
    /** Much longer than a beat can take with all its retries. */
    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(5);

    private final RunningNode node;

    NodeHealth(RunningNode node) {
        this.node = node;
    }

    /** Ready: the fence is open and every assignment is known. */
    @Produces
    @Readiness
    HealthCheck readiness() {
        return () -> {
            Optional<Parts> parts = node.parts();
            boolean synced = parts.map(each -> each.assignments().isSynced()).orElse(false);
            return HealthCheckResponse.named("node agent")
                    .status(synced)
                    .withData("fence open", parts.isPresent())
                    .withData("assignments known", synced)
                    .withData(
                            "gateway connected",
                            parts.flatMap(Parts::gateway)
                                    .map(GatewayConnection::isConnected)
                                    .orElse(false))
                    .withData(
                            "agents",
                            parts.map(each -> (long) each.supervisor().agents()).orElse(0L))
                    .build();
        };
    }

    /** Alive: the heartbeat is still tried. */
    @Produces
    @Liveness
    HealthCheck liveness() {
        return () -> HealthCheckResponse.named("heartbeat")
                .status(node.parts()
                        .flatMap(each -> each.heartbeat().tried())
                        .map(tried -> tried.isAfter(Instant.now().minus(LONGEST_SILENCE)))
                        .orElse(true))
                .build();
    }
}
