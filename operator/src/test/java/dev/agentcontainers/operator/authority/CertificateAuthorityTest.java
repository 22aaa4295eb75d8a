package dev.agentcontainers.operator.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class CertificateAuthorityTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final Clock clock = Clock.systemUTC();
    private final CertificateAuthority gateway = CertificateAuthority.create(clock);
    private final CertificateAuthority users = CertificateAuthority.create(clock);

    @Test
    void survivesItsSecret() throws Exception {
        CertificateAuthority again = CertificateAuthority.of(gateway.certificatePem(), gateway.keyPem(), clock);

        again.node("worker", "uid", keys().getPublic(), HOUR)
                .verify(gateway.certificate().getPublicKey());
    }

    @Test
    void aCertificateThatIsNoAuthorityIsRefused() {
        CertificateAuthority.Issued server = gateway.server(List.of("localhost"), HOUR);

        assertThatThrownBy(() ->
                        CertificateAuthority.of(Pem.encode(server.certificate()), Pem.encode(server.key()), clock))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("not that of an authority");
        Clock later = Clock.fixed(Instant.now().plus(Duration.ofDays(4000)), ZoneOffset.UTC);
        assertThatThrownBy(() -> CertificateAuthority.of(gateway.certificatePem(), gateway.keyPem(), later))
                .hasMessageContaining("ended on");
    }

    @Test
    void theServerHasItsNames() throws Exception {
        X509Certificate certificate =
                gateway.server(List.of("gateway.svc", "127.0.0.1", "::1"), HOUR).certificate();

        assertThat(certificate.getSubjectAlternativeNames())
                .extracting(name -> name.get(1).toString())
                .containsExactly("gateway.svc", "127.0.0.1", "0:0:0:0:0:0:0:1");
    }

    @Test
    void aNodeIsKnownByItsCertificate() throws Exception {
        KeyPair keys = keys();
        X509Certificate certificate = gateway.node("worker.example.org", "some-uid", keys.getPublic(), HOUR);

        assertThat(identify(certificate))
                .isEqualTo(new Peer.Node(
                        "worker.example.org",
                        "some-uid",
                        Pem.fingerprint(keys.getPublic()),
                        certificate.getNotAfter().toInstant()));
    }

    @Test
    void attackNodeNameSignedByTheClusersAuthority() throws Exception {
        assertThat(identify(users.node("worker", "uid", keys().getPublic(), HOUR)))
                .isEqualTo(new Peer.User("agentnode:worker", List.of()));
    }

    @Test
    void attackAuthorityThatNobodyKnows() throws Exception {
        CertificateAuthority other = CertificateAuthority.create(clock);
        X509Certificate forged = other.node("worker", "uid", keys().getPublic(), HOUR);

        assertThat(identify(forged)).isEqualTo(new Peer.Nobody());
        assertThat(peers(clock).identify(List.of(forged, gateway.certificate())))
                .isEqualTo(new Peer.Nobody());
    }

    @Test
    void attackServersCertificateAsClient() {
        assertThat(identify(gateway.server(List.of("localhost"), HOUR).certificate()))
                .isEqualTo(new Peer.Nobody());
        assertThat(identify(gateway.certificate())).isEqualTo(new Peer.Nobody());
    }

    @Test
    void attackCertificateThatHasEnded() throws Exception {
        X509Certificate certificate = gateway.node("worker", "uid", keys().getPublic(), HOUR);
        Clock later = Clock.offset(clock, HOUR.multipliedBy(2));

        assertThat(peers(later).identify(List.of(certificate))).isEqualTo(new Peer.Nobody());
    }

    @Test
    void noCertificateIsNobody() {
        assertThat(peers(clock).identify(List.of())).isEqualTo(new Peer.Nobody());
    }

    private Peer identify(X509Certificate certificate) {
        return peers(clock).identify(List.of(certificate));
    }

    private PeerCertificates peers(Clock at) {
        return new PeerCertificates(gateway.certificate(), List.of(users.certificate()), at);
    }

    private static KeyPair keys() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }
}
