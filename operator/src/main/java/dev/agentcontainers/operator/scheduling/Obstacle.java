package dev.agentcontainers.operator.scheduling;

/**
 * Why a node can't run an agent.
 *
 * @param summary the same for all nodes with this obstacle, for example {@code insufficient memory}
 * @param detail what is particular to this node, empty where nothing is
 */
public record Obstacle(String summary, String detail) {
    public static Obstacle of(String summary) {
        return new Obstacle(summary, "");
    }
}
