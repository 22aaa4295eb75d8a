package dev.agentcontainers.nodeagent.enrolment;

import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.client.ClientTls;
import dev.agentcontainers.protocol.client.ClientTls.ClientCertificate;
import dev.agentcontainers.protocol.client.GatewayTrust;
import java.net.URI;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * Who this node is and what it holds. Immutable; a renewal makes a new one.
 *
 * @param gateway where the gateway is
 * @param key the node's own, made on this machine
 */
public record NodeIdentity(URI gateway, PrivateKey key, NodeGrant grant) {
    /** @throws ProtocolException where the grant's certificates can't be read */
    public SSLContext gatewayTls() throws ProtocolException {
        return ClientTls.context(
                GatewayTrust.Authority.ofPem(grant.gatewayAuthority()),
                Optional.of(new ClientCertificate(key, List.of(certificate()))));
    }

    public X509Certificate certificate() throws ProtocolException {
        return Pem.certificate(grant.certificate());
    }

    public Instant tokenExpiry() {
        return Instant.parse(grant.token().expiresAt());
    }

    NodeIdentity withGrant(NodeGrant renewed) {
        return new NodeIdentity(gateway, key, renewed);
    }

    @Override
    public String toString() {
        return "NodeIdentity[" + grant.nodeName() + " at " + gateway + "]";
    }
}
