package dev.agentcontainers.protocol.client;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** TLS contexts of clients. A new one for each certificate, so that no session of an older one is resumed. */
public final class ClientTls {
    private ClientTls() {}

    /** A key and the certificate of it. */
    public record ClientCertificate(PrivateKey key, List<X509Certificate> chain) {
        public ClientCertificate {
            chain = List.copyOf(chain);
        }
    }

    public static SSLContext context(GatewayTrust trust, Optional<ClientCertificate> certificate) {
        KeyManager[] keys = certificate.map(ClientTls::keyManagers).orElseGet(() -> new KeyManager[0]);
        return context(trust.trustManager(), keys);
    }

    public static SSLContext context(TrustManager trust, KeyManager[] keys) {
        try {
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys, new TrustManager[] {trust}, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw GatewayTrust.unsupported(e);
        }
    }

    static TrustManager trusting(List<X509Certificate> authorities) {
        try {
            KeyStore store = emptyStore();
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("authority-" + i, authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            return factory.getTrustManagers()[0];
        } catch (GeneralSecurityException e) {
            throw GatewayTrust.unsupported(e);
        }
    }

    private static KeyManager[] keyManagers(ClientCertificate certificate) {
        try {
            char[] password = new char[0];
            KeyStore store = emptyStore();
            store.setKeyEntry(
                    "client", certificate.key(), password, certificate.chain().toArray(X509Certificate[]::new));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException e) {
            throw GatewayTrust.unsupported(e);
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, null);
        } catch (IOException e) {
            throw new IllegalStateException("an empty key store cannot fail to load", e);
        }
        return store;
    }
}
