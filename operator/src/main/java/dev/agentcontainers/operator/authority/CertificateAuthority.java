package dev.agentcontainers.operator.authority;

import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.CertificateSigner.Purpose;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.util.IPAddress;

/**
 * Signs the gateway's serving certificate and nodes' client certificates; EC P-256 throughout. Immutable, thread-safe.
 */
public final class CertificateAuthority {
    private static final String COMMON_NAME = "agentcontainers-gateway-ca";
    private static final Duration VALIDITY = Duration.ofDays(3650);

    private final X509Certificate certificate;
    private final PrivateKey key;
    private final Clock clock;

    private CertificateAuthority(X509Certificate certificate, PrivateKey key, Clock clock) {
        this.certificate = certificate;
        this.key = key;
        this.clock = clock;
    }

    /** A key with the certificate of it. */
    public record Issued(PrivateKey key, X509Certificate certificate) {
        @Override
        public String toString() {
            return "Issued[" + certificate.getSubjectX500Principal() + "]";
        }
    }

    public static CertificateAuthority create(Clock clock) {
        KeyPair keys = CertificateSigner.newKeys();
        X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, COMMON_NAME).build();
        X509Certificate certificate =
                new CertificateSigner(name, keys.getPrivate(), keys.getPublic(), clock).authority(VALIDITY);
        return new CertificateAuthority(certificate, keys.getPrivate(), clock);
    }

    /** @throws ProtocolException where the texts are no authority with its key, or its time is over */
    public static CertificateAuthority of(String certificatePem, String keyPem, Clock clock) throws ProtocolException {
        X509Certificate certificate = Pem.certificate(certificatePem);
        if (certificate.getBasicConstraints() < 0) {
            throw new ProtocolException("the certificate of " + certificate.getSubjectX500Principal()
                    + " is not that of an authority (basicConstraints CA:TRUE is missing)");
        }
        if (certificate.getNotAfter().toInstant().isBefore(clock.instant())) {
            throw new ProtocolException("the authority's certificate ended on " + certificate.getNotAfter());
        }
        return new CertificateAuthority(certificate, Pem.privateKey(keyPem), clock);
    }

    public X509Certificate certificate() {
        return certificate;
    }

    public String certificatePem() {
        return Pem.encode(certificate);
    }

    String keyPem() {
        return Pem.encode(key);
    }

    /** For the gateway, which answers under those DNS names and IP addresses. Usable as a server only. */
    public Issued server(List<String> names, Duration validity) {
        KeyPair keys = CertificateSigner.newKeys();
        GeneralName[] alternatives = names.stream()
                .map(name ->
                        new GeneralName(IPAddress.isValid(name) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                .toArray(GeneralName[]::new);
        X500Name subject = new X500NameBuilder()
                .addRDN(BCStyle.CN, "agentcontainers-gateway")
                .build();
        return new Issued(
                keys.getPrivate(),
                leaf(
                        subject,
                        keys.getPublic(),
                        validity,
                        KeyPurposeId.id_kp_serverAuth,
                        List.of(new Purpose(Extension.subjectAlternativeName, false, new GeneralNames(alternatives)))));
    }

    /**
     * For a node agent: the name of its AgentNode in the common name, the AgentNode's UID in the serial number, so that
     * a certificate ends with its AgentNode. Usable as a client only.
     */
    public X509Certificate node(String nodeName, String uid, PublicKey nodeKey, Duration validity) {
        X500Name subject = new X500NameBuilder()
                .addRDN(BCStyle.SERIALNUMBER, uid)
                .addRDN(BCStyle.CN, GatewayPaths.NODE_COMMON_NAME + nodeName)
                .build();
        return leaf(subject, nodeKey, validity, KeyPurposeId.id_kp_clientAuth, List.of());
    }

    private X509Certificate leaf(
            X500Name subject, PublicKey leafKey, Duration validity, KeyPurposeId purpose, List<Purpose> further) {
        return CertificateSigner.of(certificate, key, clock).leaf(subject, leafKey, validity, purpose, further);
    }
}
