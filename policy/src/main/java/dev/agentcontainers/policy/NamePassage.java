package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Names.Key;
import dev.agentcontainers.policy.box.PortRange;
import java.util.List;
import java.util.Map;

/** What a ruleset lets pass to each name at each port, whether the name is in it or a wildcard above. */
final class NamePassage {
    private final Map<Key, List<PortRange>> everything;
    private final Map<Key, List<PortRange>> tls;
    private final Map<Key, List<PortRange>> requests;
    private final Map<Key, List<PortRange>> requestsInTls;

    /** In ascending order. */
    enum Level {
        NOTHING,
        TLS,
        EVERYTHING
    }

    NamePassage(CompiledPolicy policy) {
        everything = Names.ranges(policy.allNames());
        tls = Names.ranges(policy.allTlsNames());
        requests = ranges(policy.allHttpNames());
        requestsInTls = ranges(policy.allHttpsNames());
    }

    private static Map<Key, List<PortRange>> ranges(List<AllowedHttp> requests) {
        return Names.ranges(requests.stream()
                .map(each -> new AllowedName(each.domain(), Protocol.TCP, each.port(), each.endPort()))
                .toList());
    }

    /**
     * Whether some requests of HTTP may pass, whatever else does.
     *
     * @param name with a single port
     */
    boolean letsRequestsPass(AllowedName name) {
        return holds(requests, name) || letsRequestsInTlsPass(name);
    }

    /**
     * The same inside TLS.
     *
     * @param name with a single port
     */
    boolean letsRequestsInTlsPass(AllowedName name) {
        return holds(requestsInTls, name);
    }

    /** @param name with a single port */
    Level of(AllowedName name) {
        if (holds(everything, name)) {
            return Level.EVERYTHING;
        }
        return holds(tls, name) ? Level.TLS : Level.NOTHING;
    }

    private static boolean holds(Map<Key, List<PortRange>> ranges, AllowedName name) {
        if (hasPort(ranges, name.domain(), name)) {
            return true;
        }
        String base = name.domain().startsWith("*.") ? name.domain().substring(2) : name.domain();
        for (int dot = base.indexOf('.'); dot >= 0; dot = base.indexOf('.', dot + 1)) {
            if (hasPort(ranges, "*" + base.substring(dot), name)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasPort(Map<Key, List<PortRange>> ranges, String domain, AllowedName name) {
        return ranges.getOrDefault(new Key(domain, name.protocol()), List.of()).stream()
                .anyMatch(range -> range.contains(name.port()));
    }
}
