package dev.agentcontainers.operator.health;

import dev.agentcontainers.operator.fleet.Fleet;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Before the caches are there nothing can be decided. */
@Readiness
@ApplicationScoped
public class CachesReadiness implements HealthCheck {
    private final Fleet fleet;

    public CachesReadiness(Fleet fleet) {
        this.fleet = fleet;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder response = HealthCheckResponse.named("caches");
        fleet.caches().forEach(response::withData);
        return response.status(!fleet.caches().containsValue(false)).build();
    }
}
