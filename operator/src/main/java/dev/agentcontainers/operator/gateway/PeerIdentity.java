package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.operator.authority.PeerCertificates;
import io.vertx.core.http.HttpServerRequest;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLPeerUnverifiedException;

/** Who is at the other end of a request's connection. */
record PeerIdentity(Supplier<PeerCertificates> certificates) {
    Peer of(HttpServerRequest request) {
        try {
            List<X509Certificate> chain = request.connection().peerCertificates().stream()
                    .filter(X509Certificate.class::isInstance)
                    .map(X509Certificate.class::cast)
                    .toList();
            return certificates.get().identify(chain);
        } catch (SSLPeerUnverifiedException e) {
            return new Peer.Nobody();
        }
    }
}
