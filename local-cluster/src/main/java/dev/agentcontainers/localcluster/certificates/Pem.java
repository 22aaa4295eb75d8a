package dev.agentcontainers.localcluster.certificates;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.jspecify.annotations.Nullable;

/** Keys and certificates as text (RFC 7468). */
final class Pem {

    private Pem() {}

    /**
     * A private key becomes PKCS #8: the traditional form that Bouncy Castle writes of the JDK's
     * elliptic-curve keys doesn't name the curve, and Go refuses it.
     */
    static String encode(Object keyOrCertificate) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(
                    keyOrCertificate instanceof PrivateKey key ? new JcaPKCS8Generator(key, null) : keyOrCertificate);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    static X509Certificate certificate(String text) throws IOException {
        if (parse(text) instanceof X509CertificateHolder certificate) {
            try {
                return new JcaX509CertificateConverter().getCertificate(certificate);
            } catch (CertificateException e) {
                throw new IOException("not an X.509 certificate", e);
            }
        }
        throw new IOException("not an X.509 certificate in PEM");
    }

    static PrivateKey privateKey(String text) throws IOException {
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
        return switch (parse(text)) {
            case PrivateKeyInfo pkcs8 -> converter.getPrivateKey(pkcs8);
            case PEMKeyPair traditional -> converter.getPrivateKey(traditional.getPrivateKeyInfo());
            case null, default -> throw new IOException("not a private key in PEM without a passphrase");
        };
    }

    private static @Nullable Object parse(String text) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(text))) {
            return parser.readObject();
        }
    }
}
