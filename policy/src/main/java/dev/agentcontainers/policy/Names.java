package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The canonical form of a set of allowed names: for each name and protocol the fewest ranges of ports. */
final class Names {
    private Names() {}

    private record Key(String domain, Protocol protocol) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byDomain = domain.compareTo(other.domain);
            return byDomain != 0 ? byDomain : protocol.compareTo(other.protocol);
        }
    }

    /**
     * The same names sorted by name, protocol and port, with no two ranges of ports that touch.
     *
     * @throws IllegalArgumentException where a range of ports is none
     */
    static List<AllowedName> canonicalOf(Collection<AllowedName> names) {
        SortedMap<Key, List<PortRange>> ranges = new TreeMap<>();
        for (AllowedName name : names) {
            ranges.computeIfAbsent(new Key(name.domain(), name.protocol()), _ -> new ArrayList<>())
                    .add(new PortRange(name.port(), name.endPort()));
        }
        List<AllowedName> canonical = new ArrayList<>();
        ranges.forEach((key, ports) -> PortRange.merged(ports)
                .forEach(range ->
                        canonical.add(new AllowedName(key.domain(), key.protocol(), range.first(), range.last()))));
        return List.copyOf(canonical);
    }
}
