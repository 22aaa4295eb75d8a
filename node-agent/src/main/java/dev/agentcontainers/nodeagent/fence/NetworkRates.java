package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How fast a sandbox may send and receive, all of it together: bytes a second, from each packet's IP header on, as they pass
 * the sandbox's interface. Empty means no limit.
 *
 * @param egress what it sends
 * @param ingress what comes to it
 */
public record NetworkRates(OptionalLong egress, OptionalLong ingress) {
    public static final String EGRESS_FIELD = "spec.resources.limits.network-egress-rate";
    public static final String INGRESS_FIELD = "spec.resources.limits.network-ingress-rate";

    public static final NetworkRates NONE = new NetworkRates(OptionalLong.empty(), OptionalLong.empty());

    public static NetworkRates of(ResourceAmounts limits) {
        return new NetworkRates(limits.networkEgressRate(), limits.networkIngressRate());
    }

    /** The fields of an AgentContainer that say these. */
    public String fields() {
        return Stream.of(egress.isPresent() ? EGRESS_FIELD : "", ingress.isPresent() ? INGRESS_FIELD : "")
                .filter(field -> !field.isEmpty())
                .collect(Collectors.joining(" and "));
    }

    public boolean isEmpty() {
        return egress.isEmpty() && ingress.isEmpty();
    }
}
