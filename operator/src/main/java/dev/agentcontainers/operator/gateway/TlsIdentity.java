package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.operator.authority.CertificateAuthority;
import dev.agentcontainers.operator.authority.PeerCertificates;
import dev.agentcontainers.protocol.ControlMessage;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.StreamFrame;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SSLOptions;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The gateway's certificate, whose key is only in memory, and whose certificates it takes; both renewed in time. */
final class TlsIdentity {
    /** How often to look whether anything must be renewed. */
    static final Duration REFRESH = Duration.ofMinutes(5);

    private static final Duration VALIDITY = Duration.ofDays(30);
    private static final Duration RENEW_BEFORE = Duration.ofDays(10);

    private final CertificateAuthority authority;
    private final List<String> names;
    private final Clock clock;
    private CertificateAuthority.Issued serving;
    private List<X509Certificate> clientAuthorities;
    private volatile PeerCertificates certificates;

    TlsIdentity(
            CertificateAuthority authority, List<String> names, List<X509Certificate> clientAuthorities, Clock clock) {
        this.authority = authority;
        this.names = names;
        this.clock = clock;
        this.clientAuthorities = clientAuthorities;
        this.serving = authority.server(names, VALIDITY);
        this.certificates = new PeerCertificates(authority.certificate(), clientAuthorities, clock);
    }

    PeerCertificates certificates() {
        return certificates;
    }

    HttpServerOptions serverOptions() {
        return new HttpServerOptions()
                .setSsl(true)
                .setUseAlpn(false)
                .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
                .setClientAuth(ClientAuth.REQUEST)
                .setKeyCertOptions(key())
                .setTrustOptions(trust())
                .setTcpKeepAlive(true)
                .setMaxInitialLineLength(GatewayPaths.LONGEST_LINE)
                .setWebSocketSubProtocols(List.of(StreamFrame.SUBPROTOCOL, ControlMessage.SUBPROTOCOL))
                .setMaxWebSocketMessageSize(StreamFrame.MAXIMUM_LENGTH)
                .setMaxWebSocketFrameSize(StreamFrame.MAXIMUM_LENGTH);
    }

    /** New options for the listener, where the certificate nears its end or the cluster's authorities changed. */
    synchronized Optional<SSLOptions> refreshed(List<X509Certificate> nowClientAuthorities) {
        boolean changed = !nowClientAuthorities.isEmpty() && !nowClientAuthorities.equals(clientAuthorities);
        Instant end = serving.certificate().getNotAfter().toInstant();
        boolean ending = clock.instant().plus(RENEW_BEFORE).isAfter(end);
        if (!changed && !ending) {
            return Optional.empty();
        }
        if (changed) {
            clientAuthorities = nowClientAuthorities;
            certificates = new PeerCertificates(authority.certificate(), clientAuthorities, clock);
        }
        if (ending) {
            serving = authority.server(names, VALIDITY);
        }
        return Optional.of(new SSLOptions()
                .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
                .setKeyCertOptions(key())
                .setTrustOptions(trust()));
    }

    /** With the authority's own certificate in the chain, so that a machine that knows only its hash can find it. */
    private PemKeyCertOptions key() {
        return new PemKeyCertOptions()
                .addKeyValue(Buffer.buffer(Pem.encode(serving.key())))
                .addCertValue(Buffer.buffer(Pem.encode(serving.certificate()) + authority.certificatePem()));
    }

    private PemTrustOptions trust() {
        PemTrustOptions options = new PemTrustOptions().addCertValue(Buffer.buffer(authority.certificatePem()));
        clientAuthorities.forEach(certificate -> options.addCertValue(Buffer.buffer(Pem.encode(certificate))));
        return options;
    }
}
