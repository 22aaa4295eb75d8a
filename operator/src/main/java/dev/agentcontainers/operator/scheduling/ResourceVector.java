package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.DriverStatus;
import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.assignment.Amounts;
import dev.agentcontainers.assignment.ResourceDefaults;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Amounts that placement reckons with. They never wrap: what is more than a long holds counts as the most that it holds, so
 * that an absurd amount of one object fits nowhere and harms no other.
 *
 * @param cpuMillis thousandths of a processor
 * @param memory bytes
 * @param ephemeralStorage bytes
 * @param agents number of agents
 */
public record ResourceVector(long cpuMillis, long memory, long ephemeralStorage, long agents) {
    private static final int ONE = 1;
    private static final int MILLI = 1000;

    public static final ResourceVector NONE = new ResourceVector(0, 0, 0, 0);

    /** What one agent reserves: its requests, by default its limits. */
    public static ResourceVector requestedBy(@Nullable Resources resources) {
        Resources.Requests requests = ResourceDefaults.filledIn(resources).requests();
        return new ResourceVector(
                Amounts.requested(requests.cpu(), MILLI),
                Amounts.requested(requests.memory(), ONE),
                Amounts.requested(requests.ephemeralStorage(), ONE),
                1);
    }

    /**
     * What a node offers. A resource that it doesn't name it doesn't have, nor one that it states without sense; the number of
     * agents is not limited where it isn't named.
     */
    public static ResourceVector offeredBy(@Nullable Map<String, Quantity> allocatable) {
        Map<String, Quantity> offered = allocatable == null ? Map.of() : allocatable;
        Quantity agents = offered.get("agents");
        return new ResourceVector(
                Amounts.offered(offered.get("cpu"), MILLI),
                Amounts.offered(offered.get("memory"), ONE),
                Amounts.offered(offered.get("ephemeral-storage"), ONE),
                agents == null ? Integer.MAX_VALUE : Amounts.offered(agents, ONE));
    }

    /** What each agent of that driver takes beside its requests, whether or not the driver is ready. */
    public static ResourceVector overheadOf(DriverStatus driver) {
        return driver.overhead() == null
                ? NONE
                : new ResourceVector(0, Amounts.requested(driver.overhead().memory(), ONE), 0, 0);
    }

    /** The sum; as much as can be said where it is more. */
    public ResourceVector plus(ResourceVector other) {
        return new ResourceVector(
                Amounts.sum(cpuMillis, other.cpuMillis),
                Amounts.sum(memory, other.memory),
                Amounts.sum(ephemeralStorage, other.ephemeralStorage),
                Amounts.sum(agents, other.agents));
    }

    /** Of each amount the larger one. */
    ResourceVector most(ResourceVector other) {
        return new ResourceVector(
                Math.max(cpuMillis, other.cpuMillis),
                Math.max(memory, other.memory),
                Math.max(ephemeralStorage, other.ephemeralStorage),
                Math.max(agents, other.agents));
    }

    /** The difference, below zero where the other is more. */
    public ResourceVector minus(ResourceVector other) {
        return plus(new ResourceVector(-other.cpuMillis, -other.memory, -other.ephemeralStorage, -other.agents));
    }
}
