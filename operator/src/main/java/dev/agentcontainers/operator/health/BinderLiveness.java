package dev.agentcontainers.operator.health;

import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.scheduling.Binder;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** A leader whose scheduler thread has died places nothing any more; only a new process does. */
@Liveness
@ApplicationScoped
public class BinderLiveness implements HealthCheck {
    private final Leadership leadership;
    private final Binder binder;

    public BinderLiveness(Leadership leadership, Binder binder) {
        this.leadership = leadership;
        this.binder = binder;
    }

    @Override
    public HealthCheckResponse call() {
        boolean needed = leadership.isLeading() && binder.isStarted();
        return HealthCheckResponse.named("binder")
                .status(!needed || binder.isRunning())
                .withData("running", binder.isRunning())
                .withData("waiting", binder.waiting())
                .build();
    }
}
