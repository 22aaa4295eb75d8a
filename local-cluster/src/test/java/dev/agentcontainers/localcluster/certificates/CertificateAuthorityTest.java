package dev.agentcontainers.localcluster.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SignatureException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {

    private static final int KEY_CERT_SIGN = 5;
    private static final int DNS = 2;
    private static final int ADDRESS = 7;

    @TempDir
    private Path folder;

    @Test
    void signsServersForLoopbackOnly() throws Exception {
        CertificateAuthority authority = CertificateAuthority.create("test");

        X509Certificate certificate =
                authority.server("server", List.of("localhost")).certificate();

        certificate.verify(authority.certificate().getPublicKey());
        certificate.checkValidity();
        assertThat(certificate.getBasicConstraints()).isEqualTo(-1);
        assertThat(certificate.getSubjectAlternativeNames())
                .containsExactlyInAnyOrder(
                        List.of(ADDRESS, "127.0.0.1"), List.of(ADDRESS, "0:0:0:0:0:0:0:1"), List.of(DNS, "localhost"));
    }

    @Test
    void signsClientsWithTheirGroups() throws Exception {
        CertificateAuthority authority = CertificateAuthority.create("test");

        X509Certificate certificate =
                authority.client("system:node:a,b", List.of("team=a", "team+b")).certificate();

        certificate.verify(authority.certificate().getPublicKey());
        assertThat(certificate.getSubjectX500Principal().getName())
                .isEqualTo("CN=system:node:a\\,b,O=team\\+b,O=team\\=a");
        assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    }

    @Test
    void isAnAuthorityItself() {
        X509Certificate certificate = CertificateAuthority.create("test").certificate();

        assertThat(certificate.getBasicConstraints()).isNotEqualTo(-1);
        assertThat(certificate.getKeyUsage()[KEY_CERT_SIGN]).isTrue();
    }

    @Test
    void oneAuthoritySignsNothingOfAnother() {
        X509Certificate certificate =
                CertificateAuthority.create("one").client("user", List.of()).certificate();

        assertThatThrownBy(() -> certificate.verify(
                        CertificateAuthority.create("other").certificate().getPublicKey()))
                .isInstanceOf(SignatureException.class);
    }

    @Test
    void keepsAuthoritiesAndRenewsWhatTheySign() throws IOException {
        ClusterCertificates first = ClusterCertificates.in(folder.resolve("certificates"));
        first.issue();
        String authority = Files.readString(first.file("server-authority.crt"));
        String signingKey = Files.readString(first.file("service-account.key"));
        String server = Files.readString(first.file("kube-apiserver.crt"));

        ClusterCertificates second = ClusterCertificates.in(folder.resolve("certificates"));
        second.issue();

        assertThat(Files.readString(second.file("server-authority.crt"))).isEqualTo(authority);
        assertThat(Files.readString(second.file("service-account.key"))).isEqualTo(signingKey);
        assertThat(Files.readString(second.file("kube-apiserver.crt"))).isNotEqualTo(server);
    }

    @Test
    void nobodyElseMayReadThem() throws IOException {
        ClusterCertificates.in(folder.resolve("certificates")).issue();

        try (Stream<Path> files = Files.list(folder.resolve("certificates"))) {
            assertThat(files)
                    .isNotEmpty()
                    .allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .isEqualTo("rw-------"));
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("certificates"))))
                .isEqualTo("rwx------");
    }
}
