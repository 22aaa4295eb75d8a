package dev.agentcontainers.protocol;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** Keys, certificates and certificate requests as text (RFC 7468). */
public final class Pem {
    private Pem() {}

    /** A certificate, private key or certificate request of the JDK or Bouncy Castle as text. */
    public static String encode(Object keyOrCertificate) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            // Bouncy Castle's own choice for EC keys (SEC 1) loses the curve of the JDK's keys; PKCS #8 keeps it.
            writer.writeObject(
                    keyOrCertificate instanceof PrivateKey key ? new JcaPKCS8Generator(key, null) : keyOrCertificate);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    /** Every certificate of a bundle, at least one. */
    public static List<X509Certificate> certificates(String text) throws ProtocolException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Object object : objects(text)) {
            if (object instanceof X509CertificateHolder holder) {
                try {
                    certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
                } catch (GeneralSecurityException e) {
                    throw new ProtocolException("a certificate could not be read: " + e.getMessage());
                }
            }
        }
        if (certificates.isEmpty()) {
            throw new ProtocolException("no certificate found where PEM with BEGIN CERTIFICATE should be");
        }
        return certificates;
    }

    public static X509Certificate certificate(String text) throws ProtocolException {
        return certificates(text).getFirst();
    }

    public static PrivateKey privateKey(String text) throws ProtocolException {
        for (Object object : objects(text)) {
            try {
                if (object instanceof PEMKeyPair pair) {
                    return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
                }
                if (object instanceof PrivateKeyInfo key) {
                    return new JcaPEMKeyConverter().getPrivateKey(key);
                }
            } catch (IOException e) {
                throw new ProtocolException("the private key could not be read: " + e.getMessage());
            }
        }
        throw new ProtocolException("no private key found where PEM with BEGIN PRIVATE KEY should be");
    }

    public static PKCS10CertificationRequest certificateRequest(String text) throws ProtocolException {
        for (Object object : objects(text)) {
            if (object instanceof PKCS10CertificationRequest request) {
                return request;
            }
        }
        throw new ProtocolException("no certificate request found where PEM with BEGIN CERTIFICATE REQUEST should be");
    }

    /** SHA-256 of the key's SubjectPublicKeyInfo as kubeadm writes it: {@code sha256:} and 64 hexadecimal digits. */
    public static String fingerprint(PublicKey key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getEncoded());
            return "sha256:" + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    private static List<Object> objects(String text) throws ProtocolException {
        List<Object> objects = new ArrayList<>();
        try (PEMParser parser = new PEMParser(new StringReader(text))) {
            for (Object next = parser.readObject(); next != null; next = parser.readObject()) {
                objects.add(next);
            }
        } catch (IOException | RuntimeException e) {
            throw new ProtocolException("not PEM: " + e.getMessage());
        }
        return objects;
    }
}
