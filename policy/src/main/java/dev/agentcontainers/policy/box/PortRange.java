package dev.agentcontainers.policy.box;

/** Ports from first to last, both included; 1 to 65535. Port 0 is no destination, no range holds it. */
public record PortRange(int first, int last) {
    public static final int LOWEST = 1;
    public static final int HIGHEST = 65535;
    public static final PortRange ALL = new PortRange(LOWEST, HIGHEST);

    public PortRange {
        if (first < LOWEST || last > HIGHEST || first > last) {
            throw new IllegalArgumentException("port range " + first + "-" + last + " is not within " + LOWEST + "-"
                    + HIGHEST + " in ascending order");
        }
    }

    public boolean contains(int port) {
        return port >= first && port <= last;
    }

    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
