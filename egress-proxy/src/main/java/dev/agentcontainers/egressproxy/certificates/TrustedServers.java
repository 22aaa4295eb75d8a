package dev.agentcontainers.egressproxy.certificates;

import dev.agentcontainers.protocol.names.NodeMessage.Trust;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayInputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** By whom servers have to be certified, for the name that the agent means: nobody until it is said. Thread-safe. */
public final class TrustedServers {
    private static final Logger LOG = System.getLogger(TrustedServers.class.getName());
    private static final int SESSIONS = 256;

    private record Contexts(SslContext withHttp2, SslContext withoutHttp2) {}

    private volatile Optional<Contexts> contexts = Optional.empty();

    /** In place of all before. Where it can't be read nobody is trusted. */
    public void trust(Trust trust) {
        contexts = Optional.empty();
        try {
            List<X509Certificate> roots = certificates(trust.roots());
            if (!roots.isEmpty()) {
                contexts = Optional.of(new Contexts(context(roots, "h2", "http/1.1"), context(roots, "http/1.1")));
            }
        } catch (CertificateException | SSLException | IllegalArgumentException e) {
            LOG.log(Level.ERROR, "no server is trusted: {0}", e.getMessage());
        }
    }

    private static SslContext context(List<X509Certificate> roots, String... protocols) throws SSLException {
        return SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(roots.toArray(X509Certificate[]::new))
                .endpointIdentificationAlgorithm("HTTPS")
                .protocols("TLSv1.3", "TLSv1.2")
                .sessionCacheSize(SESSIONS)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        protocols))
                .build();
    }

    private static List<X509Certificate> certificates(List<String> texts) throws CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> certificates = new ArrayList<>();
        for (String text : texts) {
            certificates.add(read(factory, text));
        }
        return certificates;
    }

    private static X509Certificate read(CertificateFactory factory, String text) throws CertificateException {
        return (X509Certificate) factory.generateCertificate(
                new ByteArrayInputStream(Base64.getDecoder().decode(text)));
    }

    /**
     * Empty where nobody is trusted.
     *
     * @param http2 whether that is asked for besides HTTP/1.1
     */
    public Optional<SslContext> context(boolean http2) {
        return contexts.map(its -> http2 ? its.withHttp2() : its.withoutHttp2());
    }
}
