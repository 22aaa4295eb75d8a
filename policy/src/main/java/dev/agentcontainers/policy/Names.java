package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The canonical form of a set of allowed names: for each name and protocol the fewest ranges of ports. */
final class Names {
    /** Characters of JSON that a name or a box takes beside its own, about. */
    static final int OVERHEAD = 64;

    private Names() {}

    /** What has ports. */
    record Key(String domain, Protocol protocol) implements Comparable<Key> {
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
        List<AllowedName> canonical = new ArrayList<>();
        ranges(names)
                .forEach((key, ports) -> PortRange.merged(ports)
                        .forEach(range -> canonical.add(
                                new AllowedName(key.domain(), key.protocol(), range.first(), range.last()))));
        return List.copyOf(canonical);
    }

    /** The names in canonical form without the ports that others have under just the same name. */
    static List<AllowedName> without(Collection<AllowedName> names, Collection<AllowedName> others) {
        Map<Key, List<PortRange>> taken = ranges(others);
        List<AllowedName> rest = new ArrayList<>();
        for (AllowedName name : names) {
            List<PortRange> its = taken.getOrDefault(new Key(name.domain(), name.protocol()), List.of());
            for (int port = name.port(); port <= name.endPort(); port++) {
                int number = port;
                if (its.stream().noneMatch(range -> range.contains(number))) {
                    rest.add(new AllowedName(name.domain(), name.protocol(), number, number));
                }
            }
        }
        return canonicalOf(rest);
    }

    /** What of the names, in canonical form, others have too: under just the same name or a wildcard above it. */
    static List<AllowedName> within(Collection<AllowedName> names, Collection<AllowedName> others) {
        Map<Key, List<PortRange>> open = ranges(others);
        List<AllowedName> rest = new ArrayList<>();
        for (AllowedName name : names) {
            List<PortRange> its = new ArrayList<>();
            for (String domain : withAbove(name.domain())) {
                its.addAll(open.getOrDefault(new Key(domain, name.protocol()), List.of()));
            }
            for (int port = name.port(); port <= name.endPort(); port++) {
                int number = port;
                if (its.stream().anyMatch(range -> range.contains(number))) {
                    rest.add(new AllowedName(name.domain(), name.protocol(), number, number));
                }
            }
        }
        return canonicalOf(rest);
    }

    /** The domain itself and every wildcard above it. */
    static List<String> withAbove(String domain) {
        List<String> above = new ArrayList<>(List.of(domain));
        String base = domain.startsWith("*.") ? domain.substring(2) : domain;
        for (int dot = base.indexOf('.'); dot >= 0; dot = base.indexOf('.', dot + 1)) {
            above.add("*" + base.substring(dot));
        }
        return above;
    }

    /** Characters of JSON that the names take, about. */
    static long size(Collection<AllowedName> names) {
        return names.stream()
                .mapToLong(name -> OVERHEAD + name.domain().length())
                .sum();
    }

    /** The ports of each name and protocol. */
    static SortedMap<Key, List<PortRange>> ranges(Collection<AllowedName> names) {
        SortedMap<Key, List<PortRange>> ranges = new TreeMap<>();
        for (AllowedName name : names) {
            ranges.computeIfAbsent(new Key(name.domain(), name.protocol()), _ -> new ArrayList<>())
                    .add(new PortRange(name.port(), name.endPort()));
        }
        return ranges;
    }
}
