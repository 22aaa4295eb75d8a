package dev.agentcontainers.operator.scheduling;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;

/** The meters of placement. */
final class SchedulingMetrics {
    private final Counter bound;
    private final Counter unschedulable;
    private final Counter refused;

    SchedulingMetrics(MeterRegistry meters, Supplier<Number> waiting) {
        bound = attempts(meters, "bound");
        unschedulable = attempts(meters, "unschedulable");
        refused = attempts(meters, "refused");
        Gauge.builder("agentcontainers.scheduling.waiting", waiting)
                .description("Agents without a node")
                .register(meters);
    }

    void bound() {
        bound.increment();
    }

    void unschedulable() {
        unschedulable.increment();
    }

    void refused() {
        refused.increment();
    }

    private static Counter attempts(MeterRegistry meters, String result) {
        return Counter.builder("agentcontainers.scheduling.attempts")
                .description("Placements by result; refused: another write to the agent was faster")
                .tag("result", result)
                .register(meters);
    }
}
