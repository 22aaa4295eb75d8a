package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.api.v1alpha1.Protocol;
import java.time.Duration;
import java.util.Optional;

/**
 * Where a name leads, for a while.
 *
 * @param address IPv4, in plain notation
 * @param timeToLive how long connections may be begun; at least a millisecond, an hour at most
 * @param intercepted whether connections go to whoever has {@link NameServerSockets#intercepted} rather than there; of TCP only
 * @param budgeted the name of rules with budgets, as the ruleset has it, to which it is charged; empty where rules without budgets
 *     allow it
 */
public record ResolvedDestination(
        String address,
        Protocol protocol,
        int port,
        Duration timeToLive,
        boolean intercepted,
        Optional<String> budgeted) {
    private static final Duration LONGEST = Duration.ofHours(1);

    /** One that is charged to no budget. */
    public ResolvedDestination(String address, Protocol protocol, int port, Duration timeToLive, boolean intercepted) {
        this(address, protocol, port, timeToLive, intercepted, Optional.empty());
    }

    /** One where connections go. */
    public ResolvedDestination(String address, Protocol protocol, int port, Duration timeToLive) {
        this(address, protocol, port, timeToLive, false);
    }

    public ResolvedDestination {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " of " + address + " must be 1 to 65535");
        }
        if (timeToLive.toMillis() < 1 || timeToLive.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "time to live " + timeToLive + " of " + address + " must be a millisecond to an hour");
        }
        if (intercepted && budgeted.isPresent()) {
            throw new IllegalArgumentException(
                    "what goes to " + address + " is intercepted, and counted for no budget");
        }
        if (intercepted && protocol != Protocol.TCP) {
            throw new IllegalArgumentException("what goes to " + address + " by " + protocol + " can't be intercepted");
        }
    }

    @Override
    public String toString() {
        return address + ":" + port + "/" + protocol;
    }
}
