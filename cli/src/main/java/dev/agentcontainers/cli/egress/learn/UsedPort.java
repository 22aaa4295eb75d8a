package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.Comparator;

/** A port at which something was reached. */
record UsedPort(Protocol protocol, int number) implements Comparable<UsedPort> {
    private static final Comparator<UsedPort> ORDER =
            Comparator.comparing(UsedPort::protocol).thenComparingInt(UsedPort::number);

    @Override
    public int compareTo(UsedPort other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return protocol + " " + number;
    }
}
