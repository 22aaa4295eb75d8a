package dev.agentcontainers.egressproxy.relay;

import java.util.HashMap;
import java.util.Map;

/** Of something there are so many at most, in all and of each agent. For the event loop's thread. */
final class AgentCounts {
    private final int most;
    private final int mostOfAgent;
    private final Map<String, Integer> ofAgents = new HashMap<>();
    private int all;

    AgentCounts(int most, int mostOfAgent) {
        this.most = most;
        this.mostOfAgent = mostOfAgent;
    }

    /** False, and nothing is counted, where there is no more. */
    boolean take(String agent) {
        if (all >= most || ofAgents.getOrDefault(agent, 0) >= mostOfAgent) {
            return false;
        }
        all++;
        ofAgents.merge(agent, 1, Integer::sum);
        return true;
    }

    /** To be called once for each that was taken. */
    void giveBack(String agent) {
        all--;
        ofAgents.computeIfPresent(agent, (_, count) -> count == 1 ? null : count - 1);
    }
}
