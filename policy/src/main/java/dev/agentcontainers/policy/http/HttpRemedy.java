package dev.agentcontainers.policy.http;

/** What would let a request pass, in words that can be copied. */
public final class HttpRemedy {
    private HttpRemedy() {}

    /** Another rule beside those that there are, by which TLS for that name passes unread. */
    public static String newTlsRule(String domain, int port) {
        return "add to spec.network.egress, or to spec.egress of an EgressPolicy that selects the agent: {name: NAME, to: [{domain: %s}], ports: [{port: %d}], tls: {}}"
                .formatted(domain, port);
    }

    /** Another rule beside those that there are. */
    public static String newRule(HttpRequest request, int port) {
        return "add to spec.network.egress, or to spec.egress of an EgressPolicy that selects the agent: {name: NAME, to: [{domain: %s}], ports: [{port: %d}], %shttp: [%s]}"
                .formatted(request.host(), port, request.tls() ? "tls: {}, " : "", request.asEntry());
    }
}
