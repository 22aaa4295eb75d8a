package dev.agentcontainers.protocol;

/**
 * What a node gets by enrolling or renewing.
 *
 * @param namespace the node's own namespace
 * @param certificate its client certificate for the gateway, PEM
 * @param gatewayAuthority what signs the gateway's certificate, PEM
 */
public record NodeGrant(
        String nodeName,
        String namespace,
        ApiServer apiServer,
        Token token,
        String certificate,
        String gatewayAuthority) {

    /** How node agents reach the API server; {@code authority} is PEM, empty for the machine's own trust store. */
    public record ApiServer(String url, String authority) {}

    /**
     * Credential of the node's ServiceAccount for the API server.
     *
     * @param expiresAt RFC 3339
     */
    public record Token(String value, String expiresAt) {
        @Override
        public String toString() {
            return "Token[expiresAt=" + expiresAt + "]";
        }
    }
}
