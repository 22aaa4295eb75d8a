package dev.agentcontainers.operator.scheduling;

/** How well an agent would sit on a node. Pure. */
final class Score {
    private Score() {}

    /**
     * The mean share of processors and memory that stays free, 0 to 1; where neither says anything, the number of agents
     * decides. The same idea as kube-scheduler's LeastAllocated.
     */
    static double leastAllocated(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        ResourceVector left = fleet.free(node).minus(agent.requests());
        ResourceVector all = node.allocatable();
        double byAmount = (share(left.cpuMillis(), all.cpuMillis()) + share(left.memory(), all.memory())) / 2;
        return byAmount + share(left.agents(), all.agents()) * 1e-3;
    }

    private static double share(long left, long all) {
        return all <= 0 ? 0 : (double) left / all;
    }
}
