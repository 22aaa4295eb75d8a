package dev.agentcontainers.egressproxy.relay;

import io.netty.channel.Channel;
import java.util.HashMap;
import java.util.Map;

/** How many connections agents have, and may have. For the event loop's thread. */
final class Places {
    private final int most;
    private final int mostOfAgent;
    private final Map<String, Integer> ofAgents = new HashMap<>();
    private int all;

    /**
     * @param most of all agents together
     * @param mostOfAgent of one agent
     */
    Places(int most, int mostOfAgent) {
        this.most = most;
        this.mostOfAgent = mostOfAgent;
    }

    boolean areLeft(String agent) {
        return all < most && ofAgents.getOrDefault(agent, 0) < mostOfAgent;
    }

    /** Takes none before it holds a channel. */
    Place of(String agent) {
        return new Place(agent);
    }

    /** One of the connections that an agent may have, until both sides of it are gone. */
    final class Place {
        private final String agent;
        private int channels;

        private Place(String agent) {
            this.agent = agent;
        }

        String agent() {
            return agent;
        }

        void holds(Channel channel) {
            if (channels++ == 0) {
                all++;
                ofAgents.merge(agent, 1, Integer::sum);
            }
            channel.closeFuture().addListener(_ -> {
                if (--channels == 0) {
                    all--;
                    ofAgents.computeIfPresent(agent, (_, count) -> count == 1 ? null : count - 1);
                }
            });
        }
    }
}
