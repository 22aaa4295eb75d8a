package dev.agentcontainers.egressproxy;

import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.CertificateSigner.Purpose;
import dev.agentcontainers.protocol.names.NodeMessage.Trust;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** An authority, and both sides of TLS that believe in it. */
public final class TestAuthority {
    private final KeyPair keys = CertificateSigner.newKeys();
    private final X500Name name;
    private final X509Certificate certificate;

    public TestAuthority(String commonName) {
        name = new X500Name("CN=" + commonName);
        certificate = signer(Clock.systemUTC()).authority(Duration.ofDays(2));
    }

    private CertificateSigner signer(Clock clock) {
        return new CertificateSigner(name, keys.getPrivate(), keys.getPublic(), clock);
    }

    public X509Certificate certify(String server, PublicKey key) {
        return certify(server, key, Clock.systemUTC());
    }

    private X509Certificate certify(String server, PublicKey key, Clock clock) {
        GeneralNames names = new GeneralNames(new GeneralName(GeneralName.dNSName, server));
        return signer(clock)
                .leaf(
                        new X500Name("CN=server"),
                        key,
                        Duration.ofHours(1),
                        KeyPurposeId.id_kp_serverAuth,
                        List.of(new Purpose(Extension.subjectAlternativeName, false, names)));
    }

    /** What a server of that name has. */
    public SSLContext server(String serverName) throws GeneralSecurityException, IOException {
        return server(serverName, Clock.systemUTC());
    }

    /** @param clock by which it was certified, for an hour */
    public SSLContext server(String serverName, Clock clock) throws GeneralSecurityException, IOException {
        KeyPair its = CertificateSigner.newKeys();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "server", its.getPrivate(), new char[0], new Certificate[] {certify(serverName, its.getPublic(), clock)
                });
        KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
        managers.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    /** What a client has that trusts it. */
    public SSLContext client() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("authority", certificate);
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    /** As the node agent says whom to trust. */
    public Trust trust() throws GeneralSecurityException {
        return new Trust(List.of(Base64.getEncoder().encodeToString(certificate.getEncoded())));
    }
}
