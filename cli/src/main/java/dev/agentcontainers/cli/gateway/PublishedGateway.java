package dev.agentcontainers.cli.gateway;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.client.GatewayTrust;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.URI;
import java.util.Optional;

/**
 * What the operator tells everybody of its gateway.
 *
 * @param url where it is
 * @param authority what signs its certificate, PEM
 */
public record PublishedGateway(URI url, String authority) {
    /** As it is published now; empty where nothing is. */
    public static Optional<PublishedGateway> find(KubernetesClient client, String operatorNamespace) {
        return Optional.ofNullable(client.configMaps()
                        .inNamespace(operatorNamespace)
                        .withName(GatewayPaths.CONFIG_MAP)
                        .get())
                .map(published -> new PublishedGateway(
                        URI.create(entry(published, GatewayPaths.CONFIG_URL)),
                        entry(published, GatewayPaths.CONFIG_AUTHORITY)));
    }

    /** @throws UserException where nothing is published, or the cluster does not answer */
    public static PublishedGateway require(KubernetesClient client, String operatorNamespace) {
        try {
            return find(client, operatorNamespace)
                    .orElseThrow(() -> new UserException(
                            "ConfigMap %s/%s was not found: does the operator run there? (--operator-namespace)"
                                    .formatted(operatorNamespace, GatewayPaths.CONFIG_MAP)));
        } catch (KubernetesClientException e) {
            throw new UserException("the cluster at %s did not say where its gateway is: %s"
                    .formatted(client.getMasterUrl(), reason(e)));
        }
    }

    /** What lies behind it: "Connection refused" rather than that an operation failed. */
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && cause.getCause().getMessage() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    public GatewayTrust trust() throws ProtocolException {
        return GatewayTrust.Authority.ofPem(authority);
    }

    /** Hash of the authority's key, by which a machine knows the gateway without a file. */
    public String authorityHash() {
        try {
            return Pem.fingerprint(Pem.certificate(authority).getPublicKey());
        } catch (ProtocolException e) {
            throw new UserException("the gateway's authority can't be read: " + e.getMessage());
        }
    }

    private static String entry(ConfigMap published, String key) {
        String value = published.getData() == null ? null : published.getData().get(key);
        if (value == null) {
            throw new UserException("ConfigMap " + published.getMetadata().getName() + " lacks the key " + key
                    + ": is it the operator's?");
        }
        return value;
    }
}
