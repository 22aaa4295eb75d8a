package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Something that a fence let pass, or stopped, as the kernel tells it. */
public sealed interface FenceEvent {
    /** When it happened, as far as is known. */
    Instant at();

    /**
     * Between whom.
     *
     * @param protocol number of the protocol above IP
     * @param sourcePort 0 where the protocol has no ports or they are not known
     */
    record Tuple(int protocol, String source, int sourcePort, String destination, int destinationPort) {}

    /** Bytes with their IP headers, both ways. */
    record Traffic(long packetsSent, long bytesSent, long packetsReceived, long bytesReceived) {}

    /**
     * A packet was stopped. Not each one is told of: of each sender so many in a second at most.
     *
     * @param sender whose interface it came in by; empty where it came from outside this node or from no agent
     * @param receiver whose interface it would have left by, where that was decided
     */
    record Denied(Instant at, Barrier barrier, Optional<SandboxId> sender, Optional<SandboxId> receiver, Tuple tuple)
            implements FenceEvent {}

    /**
     * A conversation was let begin.
     *
     * @param flow its name: no other conversation of this machine has it
     */
    record Opened(Instant at, String flow, Tuple tuple) implements FenceEvent {}

    /**
     * A conversation has ended. May be told of twice where a process that listened has ended in between.
     *
     * @param traffic empty where it began before it was counted
     * @param lasted empty where it began before that was measured
     */
    record Closed(Instant at, String flow, Tuple tuple, Optional<Traffic> traffic, Optional<Duration> lasted)
            implements FenceEvent {}

    /**
     * There was no room for what the kernel had to tell: it is not known how much is missing.
     *
     * @param of what
     */
    record Overrun(Instant at, String of) implements FenceEvent {}
}
