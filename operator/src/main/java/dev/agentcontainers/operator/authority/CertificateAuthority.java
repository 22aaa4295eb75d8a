package dev.agentcontainers.operator.authority;

import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/**
 * Signs the gateway's serving certificate and nodes' client certificates; EC P-256 throughout. Immutable, thread-safe.
 */
public final class CertificateAuthority {
    private static final String COMMON_NAME = "agentcontainers-gateway-ca";
    private static final Duration VALIDITY = Duration.ofDays(3650);
    /** For machines whose clock is a little behind. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(10);

    private static final int SERIAL_BITS = 127;

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
        KeyPair keys = newKeys();
        X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, COMMON_NAME).build();
        Signer self = new Signer(name, keys.getPrivate(), keys.getPublic(), clock);
        X509Certificate certificate = self.sign(
                name,
                keys.getPublic(),
                VALIDITY,
                List.of(
                        new Purpose(Extension.basicConstraints, true, new BasicConstraints(0)),
                        new Purpose(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))));
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
        KeyPair keys = newKeys();
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
        List<Purpose> purposes = new ArrayList<>(further);
        purposes.add(new Purpose(Extension.basicConstraints, true, new BasicConstraints(false)));
        purposes.add(new Purpose(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature)));
        purposes.add(new Purpose(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose)));
        X500Name issuer =
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
        return new Signer(issuer, key, certificate.getPublicKey(), clock).sign(subject, leafKey, validity, purposes);
    }

    private record Purpose(
            org.bouncycastle.asn1.ASN1ObjectIdentifier extension,
            boolean critical,
            org.bouncycastle.asn1.ASN1Encodable value) {}

    private record Signer(X500Name name, PrivateKey key, PublicKey publicKey, Clock clock) {
        X509Certificate sign(X500Name subject, PublicKey subjectKey, Duration validity, List<Purpose> purposes) {
            Instant now = clock.instant();
            try {
                JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                        name,
                        new BigInteger(SERIAL_BITS, new SecureRandom()).setBit(0),
                        Date.from(now.minus(CLOCK_SKEW)),
                        Date.from(now.plus(validity)),
                        subject,
                        subjectKey);
                for (Purpose purpose : purposes) {
                    builder.addExtension(purpose.extension(), purpose.critical(), purpose.value());
                }
                JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
                builder.addExtension(
                        Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(subjectKey));
                builder.addExtension(
                        Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(publicKey));
                return new JcaX509CertificateConverter()
                        .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
            } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
                throw new IllegalStateException("cannot sign a certificate for " + subject, e);
            }
        }
    }

    private static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no P-256 keys", e);
        }
    }
}
