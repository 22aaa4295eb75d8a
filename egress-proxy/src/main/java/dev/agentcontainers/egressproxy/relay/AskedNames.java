package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.names.NameRules;
import dev.agentcontainers.egressproxy.tls.TlsNames;
import dev.agentcontainers.policy.http.HttpRemedy;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.DirectName;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is served to agents that ask this process as a proxy: names of rules with tls or http, at the ports of these. What other rules
 * allow agents reach themselves, where the kernel counts and ends it. Thread-safe.
 */
public final class AskedNames {
    private final TlsNames tls;
    private final HttpNames http;
    private final HttpNames https;
    private volatile Map<String, Group> groupsOfAgents = Map.of();

    public AskedNames(TlsNames tls, HttpNames http, HttpNames https) {
        this.tls = tls;
        this.http = http;
        this.https = https;
    }

    /**
     * Why something is not served.
     *
     * @param message in a sentence
     * @param toAllow the smallest change of a policy by which it would be; empty where none is needed
     */
    record NotServed(String message, Optional<String> toAllow) {}

    /**
     * What is not served to a group.
     *
     * @param resolvable by which refusals say what to do
     * @param direct what its agents reach themselves
     */
    private record Group(NameRules resolvable, List<Direct> direct) {
        boolean reachesDirectly(AskedOnward where) {
            return direct.stream().anyMatch(each -> each.has(where));
        }
    }

    private record Direct(DomainName domain, int port, int endPort) {
        boolean has(AskedOnward where) {
            return port <= where.port() && where.port() <= endPort && domain.matches(where.name());
        }
    }

    /**
     * Replaces what each agent reaches itself or may resolve. What is served the names themselves say, and by whom it was opened for
     * this process whoever connects.
     */
    public void configure(Configure configuration) {
        Map<String, Group> groups = new HashMap<>();
        configuration
                .groups()
                .forEach((group, names) -> groups.put(
                        group,
                        new Group(
                                rules(names), direct(configuration.directNames().getOrDefault(group, List.of())))));
        Map<String, Group> now = new HashMap<>();
        configuration.agents().forEach((address, group) -> {
            Group its = groups.get(group);
            if (its != null) {
                now.put(address, its);
            }
        });
        groupsOfAgents = Map.copyOf(now);
    }

    private static List<Direct> direct(List<DirectName> names) {
        return names.stream()
                .map(name -> new Direct(DomainName.parse(name.domain()), name.port(), name.endPort()))
                .toList();
    }

    private static NameRules rules(List<String> names) {
        try {
            return NameRules.of(names);
        } catch (IllegalArgumentException told) {
            // The service of names tells of it, and resolves nothing.
            return NameRules.of(List.of());
        }
    }

    /** Empty where it is served: it may be looked up, and is judged again by what is sent. */
    Optional<NotServed> notServed(String agent, AskedOnward where) {
        boolean insideTls =
                tls.isAbout(agent, where.name(), where.port()) || https.isAbout(agent, where.name(), where.port());
        boolean plain = http.isAbout(agent, where.name(), where.port());
        String place = where.name() + " at port " + where.port();
        Group group = groupsOfAgents.get(agent);
        if (group == null) {
            return Optional.of(new NotServed("whoever connects is no agent that is known", Optional.empty()));
        }
        if (group.reachesDirectly(where)) {
            return Optional.of(new NotServed(
                    "a rule without tls and http allows %s, or one with a budget, and comes before those with: it is reached directly, without this proxy (NO_PROXY)"
                            .formatted(place),
                    Optional.empty()));
        }
        if (where.tunnel() ? insideTls : plain) {
            return Optional.empty();
        }
        if (where.tunnel() && plain) {
            return Optional.of(new NotServed(
                    "a tunnel is for TLS, and rules with http alone allow %s: send requests for http://%s:%d/ to this proxy, without CONNECT"
                            .formatted(place, where.name(), where.port()),
                    Optional.empty()));
        }
        if (insideTls) {
            return Optional.of(new NotServed(
                    "rules with tls allow %s: ask this proxy for it by CONNECT, and send TLS".formatted(place),
                    Optional.empty()));
        }
        Optional<String> toAllow =
                where.tunnel() ? Optional.of(HttpRemedy.newTlsRule(where.name(), where.port())) : Optional.empty();
        if (group.resolvable().allowing(where.name()).isEmpty()) {
            return Optional.of(new NotServed("no rule of this agent's policies allows " + where.name(), toAllow));
        }
        return Optional.of(new NotServed(
                "no rule with %s of this agent's policies allows %s; what rules without tls and http allow of that name is reached directly, without this proxy (NO_PROXY), or the rule has to say %s"
                        .formatted(
                                where.tunnel() ? "tls" : "http and without tls",
                                place,
                                where.tunnel() ? "tls" : "http"),
                toAllow));
    }
}
