package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;

/**
 * What passed by a rule, of flows that an agent began.
 *
 * @param flows how many began
 */
public record RuleTraffic(long flows, Traffic traffic) {
    static final Traffic NO_TRAFFIC = new Traffic(0, 0, 0, 0);

    RuleTraffic plus(RuleTraffic more) {
        return new RuleTraffic(
                flows + more.flows,
                new Traffic(
                        traffic.packetsSent() + more.traffic.packetsSent(),
                        traffic.bytesSent() + more.traffic.bytesSent(),
                        traffic.packetsReceived() + more.traffic.packetsReceived(),
                        traffic.bytesReceived() + more.traffic.bytesReceived()));
    }

    /** What came since the earlier; never less than nothing. */
    static Traffic since(Traffic earlier, Traffic now) {
        return new Traffic(
                Math.max(0, now.packetsSent() - earlier.packetsSent()),
                Math.max(0, now.bytesSent() - earlier.bytesSent()),
                Math.max(0, now.packetsReceived() - earlier.packetsReceived()),
                Math.max(0, now.bytesReceived() - earlier.bytesReceived()));
    }

    /** Bytes in both directions. */
    public long bytes() {
        return traffic.bytesSent() + traffic.bytesReceived();
    }
}
