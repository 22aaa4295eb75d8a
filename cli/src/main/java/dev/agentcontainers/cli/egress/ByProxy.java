package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.AskedProxy;
import dev.agentcontainers.policy.Verdict;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameServer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the node's proxy makes of a destination, for programs that are told of it by HTTP_PROXY and HTTPS_PROXY. */
final class ByProxy {
    private static final String PROXY = NameServer.ADDRESS + ":" + NameServer.PROXY_PORT;

    private ByProxy() {}

    /** Empty where nobody would ask the proxy: addresses, other protocols than TCP, what is denied. */
    static Optional<String> explain(KnownObjects known, Endpoint.Agent agent, Destination asked, Verdict verdict) {
        if (asked.protocol() != Protocol.TCP) {
            return Optional.empty();
        }
        if (asked.host().equals(NameServer.ADDRESS) && asked.port() == NameServer.PROXY_PORT) {
            return Optional.of(
                    "this is the node's proxy, which every agent reaches, whatever policies say; what it serves depends on the name that it is asked for");
        }
        return DomainName.asked(asked.host())
                .filter(_ -> verdict.isAllowed())
                .map(name -> explain(
                        AskedProxy.of(new Situation(known).compiled(agent), name, asked.port()), asked.request()));
    }

    private static String explain(AskedProxy.Service service, @Nullable HttpRequest request) {
        boolean tunnel = request == null || request.tls() || request.webSocket();
        return switch (service) {
            case TUNNEL -> tunnel ? PROXY + " serves it too: CONNECT, then TLS for that name" : nothing();
            case REQUESTS ->
                request == null
                        ? PROXY + " serves it too: requests for whole addresses (http://), without CONNECT"
                        : tunnel ? nothing() : PROXY + " serves it too";
            case NONE -> nothing();
        };
    }

    private static String nothing() {
        return PROXY + " serves nothing of it (not-served): it is reached directly (NO_PROXY)";
    }
}
