package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.List;

/** What nodes serve of a ruleset to agents that ask a proxy for names rather than connect themselves. */
public final class AskedProxy {
    private AskedProxy() {}

    /** How a name at a port is asked for. */
    public enum Service {
        /** By CONNECT, and TLS in it. */
        TUNNEL,
        /** By requests for whole addresses, without TLS. */
        REQUESTS,
        /** In no way: where rules allow it agents reach it themselves, and are counted and ended by the kernel. */
        NONE
    }

    /**
     * By the order in which nodes open names: a rule that does not look at what passes, within a budget or without, comes before one
     * with tls or http, whichever of their names are wildcards.
     *
     * @param name as {@link DomainName#asked} gives it
     * @param port of TCP
     */
    public static Service of(CompiledPolicy policy, String name, int port) {
        if (has(policy.allNames(), name, port)) {
            return Service.NONE;
        }
        if (has(policy.allTlsNames(), name, port) || has(names(policy.allHttpsNames()), name, port)) {
            return Service.TUNNEL;
        }
        return has(names(policy.allHttpNames()), name, port) ? Service.REQUESTS : Service.NONE;
    }

    private static List<AllowedName> names(List<AllowedHttp> requests) {
        return requests.stream()
                .map(each -> new AllowedName(each.domain(), Protocol.TCP, each.port(), each.endPort()))
                .toList();
    }

    private static boolean has(List<AllowedName> names, String name, int port) {
        return names.stream()
                .filter(each -> each.protocol() == Protocol.TCP && each.port() <= port && port <= each.endPort())
                .anyMatch(each -> DomainName.parse(each.domain()).matches(name));
    }
}
