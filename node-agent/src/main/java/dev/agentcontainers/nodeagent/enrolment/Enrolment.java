package dev.agentcontainers.nodeagent.enrolment;

import dev.agentcontainers.protocol.EnrolmentRequest;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.RenewalRequest;
import dev.agentcontainers.protocol.client.ClientTls;
import dev.agentcontainers.protocol.client.GatewayHttp;
import dev.agentcontainers.protocol.client.GatewayTrust;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.jce.ECNamedCurveTable;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Enrols this machine and renews what it was granted. */
public final class Enrolment {
    private final IdentityFiles files;

    public Enrolment(IdentityFiles files) {
        this.files = files;
    }

    /**
     * What a machine is told to join with.
     *
     * @param bearer bootstrap token, or ServiceAccount token for the audience {@link GatewayPaths#ENROLMENT_AUDIENCE}
     */
    public record Invitation(
            URI gateway, GatewayTrust trust, String bearer, String nodeName, Map<String, String> labels) {
        public Invitation {
            labels = Map.copyOf(labels);
        }

        @Override
        public String toString() {
            return "Invitation[" + nodeName + " to " + gateway + "]";
        }
    }

    /**
     * Joins, and keeps what was granted. The key is made once and kept, so that joining can be tried again.
     *
     * @throws RefusedException where the gateway says no, with its reason
     */
    public NodeIdentity join(Invitation invitation) throws IOException, InterruptedException {
        KeyPair keys = keys();
        SSLContext tls = ClientTls.context(invitation.trust(), Optional.empty());
        try (GatewayHttp gateway = new GatewayHttp(invitation.gateway(), tls, Optional.of(invitation.bearer()))) {
            NodeGrant grant = gateway.post(
                    GatewayPaths.ENROL,
                    new EnrolmentRequest(
                            invitation.nodeName(),
                            certificateRequest(invitation.nodeName(), keys),
                            invitation.labels()),
                    NodeGrant.class);
            return keep(new NodeIdentity(invitation.gateway(), keys.getPrivate(), grant));
        }
    }

    /**
     * Gets a new certificate and a new token by showing the present certificate.
     *
     * @throws RefusedException where this node was deleted, or enrolled elsewhere since
     */
    public NodeIdentity renew(NodeIdentity identity) throws IOException, InterruptedException {
        PublicKey publicKey = identity.certificate().getPublicKey();
        try (GatewayHttp gateway = new GatewayHttp(identity.gateway(), identity.gatewayTls(), Optional.empty())) {
            String request = certificateRequest(identity.grant().nodeName(), new KeyPair(publicKey, identity.key()));
            return keep(
                    identity.withGrant(gateway.post(GatewayPaths.RENEW, new RenewalRequest(request), NodeGrant.class)));
        }
    }

    /** Keeps an identity with another token. */
    NodeIdentity withToken(NodeIdentity identity, NodeGrant.Token token) throws IOException {
        NodeGrant grant = identity.grant();
        return keep(identity.withGrant(new NodeGrant(
                grant.nodeName(),
                grant.namespace(),
                grant.apiServer(),
                token,
                grant.certificate(),
                grant.gatewayAuthority())));
    }

    private NodeIdentity keep(NodeIdentity identity) throws IOException {
        files.save(identity);
        return identity;
    }

    private KeyPair keys() throws IOException {
        Optional<PrivateKey> kept = files.key();
        if (kept.isPresent()) {
            return new KeyPair(publicKey(kept.get()), kept.get());
        }
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair made = generator.generateKeyPair();
            files.saveKey(made.getPrivate());
            return made;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no P-256 keys", e);
        }
    }

    /** The public half of a key that {@link #keys} made: the curve's base point times the private number. */
    private static PublicKey publicKey(PrivateKey key) throws ProtocolException {
        if (!(key instanceof java.security.interfaces.ECPrivateKey curveKey)) {
            throw new ProtocolException("the node's key is not an EC key: remove it and enrol this node anew");
        }
        var curve = ECNamedCurveTable.getParameterSpec("secp256r1");
        var point = curve.getG().multiply(curveKey.getS()).normalize();
        try {
            return java.security.KeyFactory.getInstance("EC")
                    .generatePublic(new java.security.spec.ECPublicKeySpec(
                            new java.security.spec.ECPoint(
                                    point.getAffineXCoord().toBigInteger(),
                                    point.getAffineYCoord().toBigInteger()),
                            curveKey.getParams()));
        } catch (GeneralSecurityException e) {
            throw new ProtocolException("the node's key is not usable: " + e.getMessage());
        }
    }

    private static String certificateRequest(String nodeName, KeyPair keys) {
        try {
            return Pem.encode(new JcaPKCS10CertificationRequestBuilder(
                            new X500NameBuilder()
                                    .addRDN(BCStyle.CN, GatewayPaths.NODE_COMMON_NAME + nodeName)
                                    .build(),
                            keys.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
        } catch (OperatorCreationException e) {
            throw new IllegalStateException("this JDK does not sign with ECDSA", e);
        }
    }
}
