package dev.agentcontainers.nodeagent.image.signature.keyless;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.image.signature.key.VerificationKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.OtherName;

/**
 * A certificate for one signature. What it says is not believed before its authority is known. Source: github.com/sigstore/fulcio,
 * docs/certificate-specification.md and docs/oid-info.md.
 *
 * @param encoded DER
 * @param identity that it says it is for
 */
record SigningCertificate(X509Certificate x509, byte[] encoded, VerificationKey key, Identity identity) {
    private static final String NAMES = "2.5.29.17";
    private static final String ISSUER = "1.3.6.1.4.1.57264.1.8";

    /** As the first certificates had it: the text itself, in no ASN.1. */
    private static final String ISSUER_TOO = "1.3.6.1.4.1.57264.1.1";

    private static final String USER_NAME = "1.3.6.1.4.1.57264.1.7";
    private static final String SIGNS_CODE = "1.3.6.1.5.5.7.3.3";

    /** @param bytes DER or PEM */
    static SigningCertificate parse(byte[] bytes) throws DistrustException {
        X509Certificate certificate;
        byte[] encoded;
        try {
            certificate = (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(bytes));
            encoded = certificate.getEncoded();
        } catch (CertificateException e) {
            throw new DistrustException("has something else than a certificate where that belongs", e);
        }
        try {
            VerificationKey key =
                    VerificationKey.parse(certificate.getPublicKey().getEncoded());
            return new SigningCertificate(certificate, encoded, key, identity(certificate));
        } catch (IllegalArgumentException e) {
            throw new DistrustException("has a certificate whose key " + e.getMessage(), e);
        }
    }

    boolean is(byte[] other) {
        try {
            return Arrays.equals(encoded, SigningCertificate.parse(other).encoded());
        } catch (DistrustException e) {
            return false;
        }
    }

    private static Identity identity(X509Certificate certificate) throws DistrustException {
        try {
            return new Identity(issuer(certificate), subject(certificate));
        } catch (IOException | RuntimeException e) { // As BouncyCastle says that it is none of what it should be.
            throw new DistrustException("has a certificate with a damaged extension", e);
        }
    }

    private static String issuer(X509Certificate certificate) throws DistrustException, IOException {
        Optional<byte[]> newer = extension(certificate, ISSUER);
        Optional<byte[]> olderBytes = extension(certificate, ISSUER_TOO);
        Optional<String> older = olderBytes.isPresent() ? Optional.of(strictly(olderBytes.get())) : Optional.empty();
        if (newer.isEmpty()) {
            return older.orElseThrow(() -> new DistrustException(
                    "has a certificate that names no issuer of its identity: it is none of Fulcio's"));
        }
        String issuer = ((ASN1UTF8String) ASN1Primitive.fromByteArray(newer.get())).getString();
        if (older.isPresent() && !older.get().equals(issuer)) {
            throw new DistrustException("has a certificate with two issuers, " + Strangers.shown(issuer) + " and "
                    + Strangers.shown(older.get()));
        }
        return issuer;
    }

    /** Bytes that are no text must not be read as the text of another issuer. */
    private static String strictly(byte[] text) throws CharacterCodingException {
        return UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    }

    private static String subject(X509Certificate certificate) throws DistrustException {
        Optional<byte[]> extension = extension(certificate, NAMES);
        GeneralName[] names = extension.isEmpty()
                ? new GeneralName[0]
                : GeneralNames.getInstance(extension.get()).getNames();
        if (names.length != 1) {
            throw new DistrustException("has a certificate for " + names.length + " subjects; one belongs there");
        }
        GeneralName name = names[0];
        return switch (name.getTagNo()) {
            case GeneralName.rfc822Name, GeneralName.uniformResourceIdentifier ->
                ((ASN1String) name.getName()).getString();
            case GeneralName.otherName -> userName(OtherName.getInstance(name.getName()));
            default -> throw new DistrustException("has a certificate for a subject of an unknown kind");
        };
    }

    private static String userName(OtherName name) throws DistrustException {
        if (!name.getTypeID().getId().equals(USER_NAME)) {
            throw new DistrustException("has a certificate for a subject of an unknown kind");
        }
        return ((ASN1String) name.getValue().toASN1Primitive()).getString();
    }

    static Optional<byte[]> extension(X509Certificate certificate, String id) {
        return Optional.ofNullable(certificate.getExtensionValue(id))
                .map(value -> ASN1OctetString.getInstance(value).getOctets());
    }

    /** The time is one of a log or of an authority that is trusted: of the certificate's minutes, whoever has its key later. */
    void requireThen(Instant time) throws DistrustException {
        Instant start = x509.getNotBefore().toInstant();
        Instant end = x509.getNotAfter().toInstant();
        if (!new Validity(start, end).contains(time)) {
            throw new DistrustException("was made at " + time + ", and its certificate is for " + start + " to " + end);
        }
    }

    void requireForSigning() throws DistrustException {
        boolean[] usage = x509.getKeyUsage();
        List<String> purposes;
        try {
            purposes = x509.getExtendedKeyUsage();
        } catch (CertificateParsingException e) {
            throw new DistrustException("has a certificate with a damaged extension", e);
        }
        boolean signs = usage != null && usage[0] && purposes != null && purposes.contains(SIGNS_CODE);
        if (!signs || x509.getBasicConstraints() >= 0) {
            throw new DistrustException("has a certificate that is not for signing code");
        }
    }

    /** @return the authority that issued it, at each of these times */
    Authority issuer(List<Authority> authorities, List<Instant> times) throws DistrustException {
        StringBuilder why = new StringBuilder();
        for (Authority authority : authorities) {
            try {
                for (Instant time : times) {
                    authority.requireIssued(x509, time);
                }
                return authority;
            } catch (DistrustException e) {
                why.append(why.isEmpty() ? "" : "; ").append(e.why());
            }
        }
        throw new DistrustException("has a certificate of no authority in the trusted root (" + why + ")");
    }
}
