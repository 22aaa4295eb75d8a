package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.authority.CertificateAuthority;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Makes the credentials of a node that was let in. */
final class NodeCredentials {
    private static final Duration NAMESPACE_TIMEOUT = Duration.ofSeconds(20);

    private final KubernetesClient client;
    private final CertificateAuthority authority;
    private final EnrolmentSettings settings;

    NodeCredentials(KubernetesClient client, CertificateAuthority authority, EnrolmentSettings settings) {
        this.client = client;
        this.authority = authority;
        this.settings = settings;
    }

    /**
     * Waits until the node's namespace, ServiceAccount and rights are made, then signs and requests.
     *
     * @throws RefusedException with code 503 where that takes too long
     */
    NodeGrant grant(AgentNode node, NodeKey key) {
        String name = node.getMetadata().getName();
        String namespace = awaitNamespace(name);
        return new NodeGrant(
                name,
                namespace,
                settings.apiServer(),
                token(namespace),
                Pem.encode(authority.node(
                        name, node.getMetadata().getUid(), key.publicKey(), settings.certificateValidity())),
                authority.certificatePem());
    }

    private String awaitNamespace(String name) {
        try {
            AgentNode ready = client.resources(AgentNode.class)
                    .withName(name)
                    .waitUntilCondition(
                            found -> found != null
                                    && found.getStatus() != null
                                    && found.getStatus().namespace() != null,
                            NAMESPACE_TIMEOUT.toMillis(),
                            TimeUnit.MILLISECONDS);
            String namespace = ready.getStatus().namespace();
            client.serviceAccounts()
                    .inNamespace(namespace)
                    .withName(GatewayPaths.NODE_SERVICE_ACCOUNT)
                    .waitUntilCondition(
                            java.util.Objects::nonNull, NAMESPACE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return namespace;
        } catch (KubernetesClientTimeoutException e) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_UNAVAILABLE,
                    "the namespace of AgentNode '%s' was not made within %d s: try again"
                            .formatted(name, NAMESPACE_TIMEOUT.toSeconds()));
        }
    }

    private NodeGrant.Token token(String namespace) {
        TokenRequest request = new TokenRequestBuilder()
                .withNewSpec()
                .withExpirationSeconds(settings.tokenValidity().toSeconds())
                .endSpec()
                .build();
        TokenRequest granted = client.serviceAccounts()
                .inNamespace(namespace)
                .withName(GatewayPaths.NODE_SERVICE_ACCOUNT)
                .tokenRequest(request);
        return new NodeGrant.Token(
                granted.getStatus().getToken(), granted.getStatus().getExpirationTimestamp());
    }
}
