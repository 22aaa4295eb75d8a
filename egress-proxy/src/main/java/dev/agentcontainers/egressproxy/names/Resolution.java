package dev.agentcontainers.egressproxy.names;

import java.util.List;

/** What a name stands for, as the resolver upstream says. */
public sealed interface Resolution {
    /** @param addresses IPv4, in plain notation, in the order of the answer, at least one */
    record Found(List<String> addresses, int seconds) implements Resolution {
        public Found {
            addresses = List.copyOf(addresses);
        }
    }

    /** The name exists and has no IPv4 address. */
    record NoData() implements Resolution {}

    record NoSuchName() implements Resolution {}

    /** It is not known. */
    record Failed(String reason) implements Resolution {}
}
