package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.assignment.ResourceDefaults;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Amounts that placement reckons with.
 *
 * @param cpuMillis thousandths of a processor
 * @param memory bytes
 * @param ephemeralStorage bytes
 * @param agents number of agents
 */
public record ResourceVector(long cpuMillis, long memory, long ephemeralStorage, long agents) {
    public static final ResourceVector NONE = new ResourceVector(0, 0, 0, 0);

    /** What one agent reserves: its requests, by default its limits. */
    public static ResourceVector requestedBy(@Nullable Resources resources) {
        Resources.Requests requests = ResourceDefaults.filledIn(resources).requests();
        return new ResourceVector(
                millis(requests.cpu()), bytes(requests.memory()), bytes(requests.ephemeralStorage()), 1);
    }

    /** What a node offers. A resource that it doesn't name it doesn't have; the number of agents is then not limited. */
    public static ResourceVector offeredBy(@Nullable Map<String, Quantity> allocatable) {
        Map<String, Quantity> offered = allocatable == null ? Map.of() : allocatable;
        Quantity agents = offered.get("agents");
        return new ResourceVector(
                millis(offered.get("cpu")),
                bytes(offered.get("memory")),
                bytes(offered.get("ephemeral-storage")),
                agents == null ? Integer.MAX_VALUE : bytes(agents));
    }

    public ResourceVector plus(ResourceVector other) {
        return new ResourceVector(
                cpuMillis + other.cpuMillis,
                memory + other.memory,
                ephemeralStorage + other.ephemeralStorage,
                agents + other.agents);
    }

    public ResourceVector minus(ResourceVector other) {
        return new ResourceVector(
                cpuMillis - other.cpuMillis,
                memory - other.memory,
                ephemeralStorage - other.ephemeralStorage,
                agents - other.agents);
    }

    private static long millis(@Nullable Quantity quantity) {
        return quantity == null
                ? 0
                : whole(quantity.getNumericalAmount().multiply(BigDecimal.valueOf(1000)), RoundingMode.CEILING);
    }

    private static long bytes(@Nullable Quantity quantity) {
        return quantity == null ? 0 : whole(quantity.getNumericalAmount(), RoundingMode.CEILING);
    }

    private static long whole(BigDecimal amount, RoundingMode rounding) {
        return amount.setScale(0, rounding).longValueExact();
    }
}
