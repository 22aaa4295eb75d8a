package dev.agentcontainers.localcluster.certificates;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
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

/** Signs certificates for servers on loopback and for clients. */
public final class CertificateAuthority {

    private static final Duration AUTHORITY_VALIDITY = Duration.ofDays(3650);
    private static final Duration CERTIFICATE_VALIDITY = Duration.ofDays(365);
    /** For clocks that differ a little, as of virtual machines after a pause. */
    private static final Duration CLOCK_SKEW = Duration.ofHours(1);

    private static final int SERIAL_BITS = 127;

    private final Credential credential;

    private CertificateAuthority(Credential credential) {
        this.credential = credential;
    }

    public static CertificateAuthority create(String commonName) {
        KeyPair keys = ellipticCurveKeys();
        X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
        Certified certified = new Certified(name, keys.getPublic(), AUTHORITY_VALIDITY);
        return new CertificateAuthority(new Credential(
                keys.getPrivate(),
                sign(
                        certified,
                        name,
                        keys.getPrivate(),
                        keys.getPublic(),
                        List.of(
                                new Purpose(Extension.basicConstraints, new BasicConstraints(true)),
                                new Purpose(
                                        Extension.keyUsage, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))))));
    }

    /** An authority from its PEM files, for example those of kubeadm. */
    public static CertificateAuthority of(String certificatePem, String keyPem) {
        try {
            return new CertificateAuthority(new Credential(Pem.privateKey(keyPem), Pem.certificate(certificatePem)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read an authority: " + e.getMessage(), e);
        }
    }

    /** The authority kept as {@code name.crt} and {@code name.key}; made where there is none. */
    static CertificateAuthority loadOrCreate(Path folder, String name) {
        Path certificate = folder.resolve(name + ".crt");
        if (!Files.exists(certificate)) {
            CertificateAuthority created = create("agentcontainers-" + name);
            created.credential.write(folder, name);
            return created;
        }
        try {
            return of(Files.readString(certificate), Files.readString(folder.resolve(name + ".key")));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + certificate + " and its key", e);
        }
    }

    public String certificatePem() {
        return credential.certificatePem();
    }

    public X509Certificate certificate() {
        return credential.certificate();
    }

    /** For a server on loopback, which may also be asked for by those names; usable as a client too. */
    Credential server(String commonName, List<String> names) {
        KeyPair keys = ellipticCurveKeys();
        List<GeneralName> alternatives = new ArrayList<>();
        alternatives.add(new GeneralName(GeneralName.iPAddress, "127.0.0.1"));
        alternatives.add(new GeneralName(GeneralName.iPAddress, "::1"));
        names.forEach(name -> alternatives.add(new GeneralName(GeneralName.dNSName, name)));
        X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
        return issue(
                subject,
                keys,
                List.of(
                        new Purpose(Extension.extendedKeyUsage, new ExtendedKeyUsage(new KeyPurposeId[] {
                            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        })),
                        new Purpose(
                                Extension.subjectAlternativeName,
                                new GeneralNames(alternatives.toArray(GeneralName[]::new)))));
    }

    /**
     * For a client: Kubernetes takes the user from the common name and the groups from the organisations.
     * The key is RSA, since not every client reads elliptic-curve keys from a kubeconfig (Fabric8 needs
     * Bouncy Castle for them).
     */
    public Credential client(String user, List<String> groups) {
        return issue(
                ClientRequest.subject(user, groups),
                rsaKeys(),
                List.of(new Purpose(Extension.extendedKeyUsage, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth))));
    }

    private Credential issue(X500Name subject, KeyPair keys, List<Purpose> purposes) {
        List<Purpose> all = new ArrayList<>(purposes);
        all.add(new Purpose(Extension.basicConstraints, new BasicConstraints(false)));
        all.add(new Purpose(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment)));
        X509Certificate issuer = credential.certificate();
        return new Credential(
                keys.getPrivate(),
                sign(
                        new Certified(subject, keys.getPublic(), CERTIFICATE_VALIDITY),
                        X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
                        credential.key(),
                        issuer.getPublicKey(),
                        all));
    }

    private record Certified(X500Name subject, PublicKey key, Duration validity) {}

    private record Purpose(ASN1ObjectIdentifier extension, ASN1Encodable value) {}

    private static X509Certificate sign(
            Certified certified, X500Name issuer, PrivateKey key, PublicKey issuerKey, List<Purpose> purposes) {
        Instant now = Instant.now();
        try {
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer,
                    new BigInteger(SERIAL_BITS, new SecureRandom()).setBit(0),
                    Date.from(now.minus(CLOCK_SKEW)),
                    Date.from(now.plus(certified.validity())),
                    certified.subject(),
                    certified.key());
            for (Purpose purpose : purposes) {
                boolean critical = !purpose.extension().equals(Extension.subjectAlternativeName)
                        && !purpose.extension().equals(Extension.extendedKeyUsage);
                builder.addExtension(purpose.extension(), critical, purpose.value());
            }
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(certified.key()));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(issuerKey));
            String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(key)));
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("cannot sign a certificate for " + certified.subject(), e);
        }
    }

    static KeyPair ellipticCurveKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no P-256 keys", e);
        }
    }

    static KeyPair rsaKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no RSA keys", e);
        }
    }
}
