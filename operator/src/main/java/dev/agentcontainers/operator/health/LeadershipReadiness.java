package dev.agentcontainers.operator.health;

import dev.agentcontainers.operator.leadership.Leadership;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Who leads. A replica that stands by is as ready as one that leads; one that has lost the lead is ending. */
@Readiness
@ApplicationScoped
public class LeadershipReadiness implements HealthCheck {
    private final Leadership leadership;

    public LeadershipReadiness(Leadership leadership) {
        this.leadership = leadership;
    }

    @Override
    public HealthCheckResponse call() {
        return switch (leadership.state()) {
            case STANDING_BY ->
                HealthCheckResponse.named("leadership")
                        .up()
                        .withData("state", "standing by")
                        .build();
            case LEADING ->
                HealthCheckResponse.named("leadership")
                        .up()
                        .withData("state", "leading")
                        .withData("epoch", leadership.lastEpoch())
                        .build();
            case ENDED ->
                HealthCheckResponse.named("leadership")
                        .down()
                        .withData("state", "ended")
                        .build();
        };
    }
}
