package dev.agentcontainers.policy.http;

/**
 * What of a request rules are about.
 *
 * @param method as sent
 * @param host the name that it gives as Host, as {@link dev.agentcontainers.policy.rule.DomainName#asked} gives it
 * @param path as {@link RequestPath#canonical} gives it
 * @param tls whether it is sent inside TLS
 * @param webSocket whether it asks to go on as a WebSocket
 */
public record HttpRequest(String method, String host, String path, boolean tls, boolean webSocket) {
    /** One that is only that. */
    public HttpRequest(String method, String host, String path, boolean tls) {
        this(method, host, path, tls, false);
    }

    /** One without TLS. */
    public HttpRequest(String method, String host, String path) {
        this(method, host, path, false);
    }

    @Override
    public String toString() {
        return method + " " + path + " of " + host + (tls ? " inside TLS" : "") + (webSocket ? " for a WebSocket" : "");
    }

    /** The entry of a rule's {@code http} that allows this and nothing else, as YAML. */
    public String asEntry() {
        return "{methods: [%s], paths: ['%s']%s}".formatted(method, path, webSocket ? ", webSocket: true" : "");
    }
}
