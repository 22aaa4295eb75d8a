package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;

/**
 * Whether a certificate is in a log of certificates: what an authority issues in secret, or by mistake, is not. Source: RFC 6962,
 * 3.2 and 3.3.
 */
final class CertificateStamps {
    private static final ASN1ObjectIdentifier STAMPS = new ASN1ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2");

    /** The tag of extensions in what an authority signs. */
    private static final int EXTENSIONS = 3;

    private static final int MOST = 16;
    private static final int FIRST_VERSION = 0;
    private static final int ID_BYTES = 32;

    private CertificateStamps() {}

    private record Stamp(byte[] log, long time, byte[] extensions, byte[] signature) {}

    /**
     * One stamp by a log of the root does; those of other logs say nothing.
     *
     * @param issuer that signed the certificate
     */
    static void require(SigningCertificate certificate, X509Certificate issuer, List<TransparencyLog> logs)
            throws DistrustException {
        List<Stamp> stamps = stamps(certificate.x509());
        Optional<DistrustException> first = Optional.empty();
        for (Stamp stamp : stamps) {
            try {
                require(stamp, certificate.x509(), issuer, logs);
                return;
            } catch (DistrustException e) {
                first = first.or(() -> Optional.of(e));
            }
        }
        throw first.orElseGet(
                () -> new DistrustException("has a certificate without a stamp (SCT) of a log of certificates"));
    }

    private static void require(
            Stamp stamp, X509Certificate certificate, X509Certificate issuer, List<TransparencyLog> logs)
            throws DistrustException {
        TransparencyLog log = TransparencyLog.of(logs, stamp.log(), "a certificate with a stamp (SCT)");
        if (!log.key().verifies(signed(stamp, certificate, issuer), stamp.signature())) {
            throw new DistrustException("has a certificate with a stamp (SCT) that is not by the log " + log.url()
                    + " or of another certificate");
        }
        log.requireThen(Instant.ofEpochMilli(stamp.time()), "a certificate with a stamp (SCT)");
    }

    private static List<Stamp> stamps(X509Certificate certificate) throws DistrustException {
        try {
            Optional<byte[]> extension = SigningCertificate.extension(certificate, STAMPS.getId());
            if (extension.isEmpty()) {
                return List.of();
            }
            ByteBuffer list = part(
                    ByteBuffer.wrap(ASN1OctetString.getInstance(extension.get()).getOctets()));
            List<Stamp> stamps = new ArrayList<>();
            while (list.hasRemaining() && stamps.size() < MOST) {
                ByteBuffer stamp = part(list);
                if (stamp.get() == FIRST_VERSION) {
                    stamps.add(stamp(stamp));
                }
            }
            return stamps;
        } catch (RuntimeException e) { // Too short, or no ASN.1 of the kind.
            throw new DistrustException("has a certificate whose stamps (SCTs) can't be read", e);
        }
    }

    private static Stamp stamp(ByteBuffer stamp) {
        byte[] log = new byte[ID_BYTES];
        stamp.get(log);
        long time = stamp.getLong();
        byte[] extensions = bytes(part(stamp));
        stamp.getShort(); // The algorithm: of what kind the key is says the trusted root.
        return new Stamp(log, time, extensions, bytes(part(stamp)));
    }

    private static ByteBuffer part(ByteBuffer from) {
        int length = Short.toUnsignedInt(from.getShort());
        if (length > from.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = from.slice(from.position(), length);
        from.position(from.position() + length);
        return part;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** What the log signed: the certificate as it was before there was a stamp in it. */
    private static byte[] signed(Stamp stamp, X509Certificate certificate, X509Certificate issuer)
            throws DistrustException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(all)) {
            byte[] body = withoutStamps(certificate.getTBSCertificate());
            out.writeByte(FIRST_VERSION);
            out.writeByte(0); // A stamp, and nothing else that a log signs.
            out.writeLong(stamp.time());
            out.writeShort(1); // Of a certificate that is to be.
            out.write(Hashes.sha256(issuer.getPublicKey().getEncoded()));
            out.writeByte(body.length >>> 16);
            out.writeShort(body.length);
            out.write(body);
            out.writeShort(stamp.extensions().length);
            out.write(stamp.extensions());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (CertificateEncodingException | RuntimeException e) {
            throw new DistrustException("has a certificate that can't be read", e);
        }
        return all.toByteArray();
    }

    private static byte[] withoutStamps(byte[] body) throws IOException {
        ASN1EncodableVector fields = new ASN1EncodableVector();
        for (ASN1Encodable field : ASN1Sequence.getInstance(body)) {
            boolean extensions = field instanceof ASN1TaggedObject tagged && tagged.getTagNo() == EXTENSIONS;
            fields.add(extensions ? withoutStamps((ASN1TaggedObject) field) : field);
        }
        return new DERSequence(fields).getEncoded(ASN1Encoding.DER);
    }

    private static ASN1Encodable withoutStamps(ASN1TaggedObject extensions) {
        ASN1EncodableVector others = new ASN1EncodableVector();
        for (ASN1Encodable extension : ASN1Sequence.getInstance(extensions, true)) {
            if (!ASN1Sequence.getInstance(extension)
                    .getObjectAt(0)
                    .toASN1Primitive()
                    .equals(STAMPS)) {
                others.add(extension);
            }
        }
        return new DERTaggedObject(true, EXTENSIONS, new DERSequence(others));
    }
}
