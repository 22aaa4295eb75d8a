package dev.agentcontainers.policy.box;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

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

    /** The same ports in the fewest ranges, in ascending order. */
    public static List<PortRange> merged(Collection<PortRange> ranges) {
        List<PortRange> merged = new ArrayList<>();
        for (PortRange range : ranges.stream()
                .sorted(Comparator.comparingInt(PortRange::first))
                .toList()) {
            if (!merged.isEmpty() && range.first <= merged.getLast().last + 1) {
                PortRange before = merged.removeLast();
                merged.add(new PortRange(before.first, Math.max(before.last, range.last)));
            } else {
                merged.add(range);
            }
        }
        return List.copyOf(merged);
    }

    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
