package dev.agentcontainers.nodeagent.names;

import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The machine's own addresses, looked up now and then: the fence closes them by itself, this is so that no agent is told one.
 * Thread-safe.
 */
final class NodeAddresses {
    private static final Duration AGE = Duration.ofSeconds(5);

    private final Supplier<List<String>> machine;
    private final LongSupplier nanoTime;
    private Optional<Known> known = Optional.empty();

    private record Known(List<String> addresses, long since) {}

    NodeAddresses(LongSupplier nanoTime) {
        this(NodeAddresses::read, nanoTime);
    }

    /** @param machine its addresses, in plain notation; throws IllegalStateException where they can't be known */
    NodeAddresses(Supplier<List<String>> machine, LongSupplier nanoTime) {
        this.machine = machine;
        this.nanoTime = nanoTime;
    }

    /** @throws IllegalStateException where they can't be known */
    synchronized List<String> now() {
        long now = nanoTime.getAsLong();
        if (known.isEmpty() || now - known.get().since() > AGE.toNanos()) {
            known = Optional.of(new Known(machine.get(), now));
        }
        return known.get().addresses();
    }

    /** The next to ask is told of what is there then. */
    synchronized void lookAgain() {
        known = Optional.empty();
    }

    private static List<String> read() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> address instanceof java.net.Inet4Address)
                    .map(address -> address.getHostAddress())
                    .distinct()
                    .sorted()
                    .toList();
        } catch (SocketException e) {
            throw new IllegalStateException("this machine's addresses can't be read: " + e.getMessage(), e);
        }
    }
}
