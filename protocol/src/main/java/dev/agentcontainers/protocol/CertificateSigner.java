package dev.agentcontainers.protocol;

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
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Signs certificates of an authority that has no others below it; EC P-256 throughout. Immutable, thread-safe.
 *
 * @param name of the authority
 */
public record CertificateSigner(X500Name name, PrivateKey key, PublicKey publicKey, Clock clock) {
    /** For machines whose clock is a little behind. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(10);

    private static final int SERIAL_BITS = 127;

    /** Something that a certificate says. */
    public record Purpose(ASN1ObjectIdentifier extension, boolean critical, ASN1Encodable value) {}

    /** Of an authority that has its certificate already. */
    public static CertificateSigner of(X509Certificate certificate, PrivateKey key, Clock clock) {
        return new CertificateSigner(
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
                key,
                certificate.getPublicKey(),
                clock);
    }

    /** The authority's own certificate. */
    public X509Certificate authority(Duration validity) {
        return sign(
                name,
                publicKey,
                validity,
                List.of(
                        new Purpose(Extension.basicConstraints, true, new BasicConstraints(0)),
                        new Purpose(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))));
    }

    /** The certificate of one who is no authority, usable for that purpose only. */
    public X509Certificate leaf(
            X500Name subject, PublicKey itsKey, Duration validity, KeyPurposeId purpose, List<Purpose> further) {
        List<Purpose> purposes = new ArrayList<>(further);
        purposes.add(new Purpose(Extension.basicConstraints, true, new BasicConstraints(false)));
        purposes.add(new Purpose(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature)));
        purposes.add(new Purpose(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose)));
        return sign(subject, itsKey, validity, purposes);
    }

    private X509Certificate sign(X500Name subject, PublicKey itsKey, Duration validity, List<Purpose> purposes) {
        Instant now = clock.instant();
        try {
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    name,
                    new BigInteger(SERIAL_BITS, new SecureRandom()).setBit(0),
                    Date.from(now.minus(CLOCK_SKEW)),
                    Date.from(now.plus(validity)),
                    subject,
                    itsKey);
            for (Purpose purpose : purposes) {
                builder.addExtension(purpose.extension(), purpose.critical(), purpose.value());
            }
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(itsKey));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(publicKey));
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("cannot sign a certificate for " + subject, e);
        }
    }

    public static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no P-256 keys", e);
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "CertificateSigner[" + name + "]";
    }
}
