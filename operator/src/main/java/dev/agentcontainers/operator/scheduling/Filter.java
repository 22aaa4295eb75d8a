package dev.agentcontainers.operator.scheduling;

import java.util.Optional;

/** One condition that a node must meet. Pure. */
@FunctionalInterface
interface Filter {
    /** The obstacle, empty where the node will do. */
    Optional<Obstacle> check(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet);
}
