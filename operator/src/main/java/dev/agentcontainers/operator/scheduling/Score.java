package dev.agentcontainers.operator.scheduling;

/** How well an agent would sit on a node. Pure. */
final class Score {
    private Score() {}

    /**
     * The mean share of processors and memory that stays free, 0 to 1; where neither says anything, the number of agents
     * decides. The same idea as kube-scheduler's LeastAllocated.
     */
    static double leastAllocated(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        ResourceVector left = fleet.free(node).minus(IsolationChoice.taken(agent, node, fleet.options()));
        ResourceVector all = node.allocatable();
        double byAmount = (share(left.cpuMillis(), all.cpuMillis()) + share(left.memory(), all.memory())) / 2;
        return byAmount + share(left.agents(), all.agents()) * 1e-3;
    }

    /** How many of the node's taints ask for another node where there is one. The same idea as kube-scheduler's TaintToleration. */
    static int unwelcome(AgentRequest agent, NodeCandidate node) {
        return (int) node.taints().stream()
                .filter(taint -> "PreferNoSchedule".equals(taint.getEffect()))
                .filter(taint ->
                        agent.tolerations().stream().noneMatch(toleration -> Filters.tolerates(toleration, taint)))
                .count();
    }

    private static double share(long left, long all) {
        return all <= 0 ? 0 : (double) left / all;
    }
}
