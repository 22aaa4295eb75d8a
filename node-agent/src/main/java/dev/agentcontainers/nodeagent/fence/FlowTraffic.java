package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;

/**
 * A conversation that the kernel knows now, and what was counted of it since it began.
 *
 * @param flow its name, as in {@link FenceEvent.Opened}
 * @param over whether it has ended, and the kernel only remembers it
 */
public record FlowTraffic(String flow, Tuple tuple, Traffic traffic, boolean over) {}
