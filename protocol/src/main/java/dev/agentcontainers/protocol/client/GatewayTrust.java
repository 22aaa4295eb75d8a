package dev.agentcontainers.protocol.client;

import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** How a gateway is known to be the right one. */
public sealed interface GatewayTrust {
    TrustManager trustManager();

    /** By its authority's certificate. */
    record Authority(List<X509Certificate> certificates) implements GatewayTrust {
        public Authority {
            certificates = List.copyOf(certificates);
        }

        public static Authority ofPem(String pem) throws ProtocolException {
            return new Authority(Pem.certificates(pem));
        }

        @Override
        public TrustManager trustManager() {
            return ClientTls.trusting(certificates);
        }
    }

    /** By the hash of its authority's public key, as {@link Pem#fingerprint} writes it; what joins needs no file. */
    record AuthorityHash(String fingerprint) implements GatewayTrust {
        private static final Pattern VALID = Pattern.compile("sha256:[0-9a-f]{64}");

        public AuthorityHash {
            fingerprint = fingerprint.strip().toLowerCase(Locale.ROOT);
            if (!VALID.matcher(fingerprint).matches()) {
                throw new IllegalArgumentException("the hash of the authority is '" + fingerprint
                        + "', must be sha256: and 64 hexadecimal digits");
            }
        }

        @Override
        public TrustManager trustManager() {
            return new Pinned(fingerprint);
        }
    }

    /**
     * Takes the one authority in the server's chain that has the hash as the only anchor. Not an extended trust manager
     * on purpose: the JDK then checks the host name and the algorithms itself.
     */
    record Pinned(String fingerprint) implements X509TrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authenticationType)
                throws java.security.cert.CertificateException {
            for (X509Certificate certificate : chain) {
                boolean authority = certificate.getBasicConstraints() >= 0;
                if (authority && Pem.fingerprint(certificate.getPublicKey()).equals(fingerprint)) {
                    X509TrustManager anchored = (X509TrustManager) ClientTls.trusting(List.of(certificate));
                    anchored.checkServerTrusted(chain, authenticationType);
                    return;
                }
            }
            throw new java.security.cert.CertificateException(
                    "the gateway shows no authority whose key has the hash " + fingerprint);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authenticationType)
                throws java.security.cert.CertificateException {
            throw new java.security.cert.CertificateException("clients are not checked here");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /** Thrown by the JDK's own factories only where the JDK lacks an algorithm. */
    static IllegalStateException unsupported(GeneralSecurityException cause) {
        return new IllegalStateException("this JDK cannot do TLS as needed", cause);
    }
}
