package dev.agentcontainers.policy.rule;

import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A policy of any kind as it is evaluated.
 *
 * @param name as sources and verdicts have it, for example {@code NetworkPolicy/web}
 * @param priority within a tier the lower decides first; 0 where the kind has none
 * @param subject the agents and Pods that it governs
 * @param rules its rules in order, for each direction that it governs; a direction that is missing it leaves alone
 */
public record Policy(String name, Tier tier, int priority, Peer subject, Map<Direction, List<Rule>> rules) {
    /** As policies of one tier decide. The API leaves the order at equal priority open; here it is that of the names. */
    public static final Comparator<Policy> PRECEDENCE =
            Comparator.comparingInt(Policy::priority).thenComparing(Policy::name);

    public Policy {
        rules = Map.copyOf(rules);
    }

    /** Whether the policy has a say on any direction of the workload. */
    public boolean governs(Endpoint.Workload workload, Endpoints endpoints) {
        return !rules.isEmpty() && subject.matches(Party.of(workload), endpoints);
    }

    /** The rules for the workload; empty where the policy does not govern that direction of it. */
    public Optional<List<Rule>> rulesFor(Endpoint.Workload workload, Direction direction, Endpoints endpoints) {
        List<Rule> directed = rules.get(direction);
        return directed != null && subject.matches(Party.of(workload), endpoints)
                ? Optional.of(directed)
                : Optional.empty();
    }
}
