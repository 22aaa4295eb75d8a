package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.http.RequestRule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The canonical form of a set of allowed requests: for each name and each rule about requests the fewest ranges of ports. Rules that
 * together say what another does are not put together.
 */
final class HttpNames {
    private HttpNames() {}

    private record Key(String domain, RequestRule requests) implements Comparable<Key> {
        private static final Comparator<Key> ORDER =
                Comparator.comparing(Key::domain).thenComparing(key -> key.requests.toString());

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    /**
     * The same requests sorted by name, requests and port, with no two ranges of ports that touch.
     *
     * @throws IllegalArgumentException where a range of ports is none, or an entry allows nothing
     */
    static List<AllowedHttp> canonicalOf(Collection<AllowedHttp> names) {
        return without(names, List.of());
    }

    /** The requests in canonical form without the ports at which just the same name is allowed whatever passes. */
    static List<AllowedHttp> without(Collection<AllowedHttp> names, Collection<AllowedName> others) {
        SortedMap<Key, List<AllowedName>> ports = new TreeMap<>();
        for (AllowedHttp name : names) {
            ports.computeIfAbsent(
                            new Key(
                                    name.domain(),
                                    RequestRule.of(name.methods(), name.paths(), name.hosts(), name.webSocket())),
                            _ -> new ArrayList<>())
                    .add(new AllowedName(name.domain(), Protocol.TCP, name.port(), name.endPort()));
        }
        List<AllowedHttp> canonical = new ArrayList<>();
        ports.forEach((key, its) -> Names.without(its, others)
                .forEach(range -> canonical.add(allowed(key.domain(), range.port(), range.endPort(), key.requests()))));
        return List.copyOf(canonical);
    }

    static AllowedHttp allowed(String domain, int port, int endPort, RequestRule requests) {
        return new AllowedHttp(
                domain,
                port,
                endPort,
                requests.methods(),
                requests.paths(),
                requests.hosts().isEmpty() ? null : requests.hosts(),
                requests.webSocket() ? true : null);
    }

    /** How many characters of an object of the API server they take, about. */
    static int size(Collection<AllowedHttp> names) {
        return names.stream()
                .mapToInt(name -> name.domain().length()
                        + size(name.methods())
                        + size(name.paths())
                        + (name.hosts() == null ? 0 : size(name.hosts())))
                .sum();
    }

    private static int size(List<String> texts) {
        return texts.stream().mapToInt(text -> text.length() + 4).sum();
    }
}
