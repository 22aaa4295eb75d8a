package dev.agentcontainers.nodeagent.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentAuthoritiesTest {
    private static final SandboxId AGENT = new SandboxId("a");
    private static final SandboxId OTHER = new SandboxId("b");
    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");

    @TempDir
    private Path folder;

    private AgentAuthorities authorities;

    @BeforeEach
    void prepare() throws IOException {
        var keys = CertificateSigner.newKeys();
        String root = Pem.encode(
                new CertificateSigner(new X500Name("CN=root"), keys.getPrivate(), keys.getPublic(), Clock.systemUTC())
                        .authority(Duration.ofDays(1)));
        // Some distributions' files have no line end there.
        Path roots = Files.writeString(folder.resolve("roots.crt"), "# roots\n" + root.strip());
        authorities = new AgentAuthorities(
                folder.resolve("authorities"), MachineRoots.in(roots), Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @Test
    void theAgentSeesWhomToTrustAndNoKey() throws Exception {
        Path trust = authorities.place(AGENT);

        assertThat(names(trust)).containsExactly("authority.crt", "bundle.crt", "cacerts");
        assertThat(Files.getPosixFilePermissions(trust)).isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));
        X509Certificate authority = Pem.certificate(Files.readString(trust.resolve("authority.crt")));
        assertThat(authority.getBasicConstraints()).as("none below it").isZero();
        assertThat(authority.getCriticalExtensionOIDs()).containsExactlyInAnyOrder("2.5.29.19", "2.5.29.15");
        assertThat(authority.getKeyUsage())
                .as("signs certificates and lists")
                .startsWith(false, false, false, false, false, true, true);
        assertThat(Pem.certificates(Files.readString(trust.resolve("bundle.crt"))))
                .hasSize(2)
                .last()
                .isEqualTo(authority);
        KeyStore store = KeyStore.getInstance(trust.resolve("cacerts").toFile(), "changeit".toCharArray());
        assertThat(store.getCertificate("agentcontainers-egress")).isEqualTo(authority);
        try (Stream<Path> all = Files.walk(trust)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1))
                        .doesNotContain("PRIVATE");
                assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
            }
        }
        Path key = trust.resolveSibling("authority.key");
        assertThat(Files.getPosixFilePermissions(key)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(Files.getPosixFilePermissions(key.getParent()))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void anAgentKeepsItsAuthorityAndNoOtherHasIt() throws Exception {
        Path trust = authorities.place(AGENT);
        String authority = Files.readString(trust.resolve("authority.crt"));

        assertThat(authorities.place(AGENT)).isEqualTo(trust);
        assertThat(Files.readString(trust.resolve("authority.crt"))).isEqualTo(authority);
        assertThat(Files.readString(authorities.place(OTHER).resolve("authority.crt")))
                .isNotEqualTo(authority);
        assertThat(authorities.of(new SandboxId("c"))).isEmpty();

        authorities.remove(AGENT);
        authorities.remove(AGENT);
        assertThat(trust).doesNotExist();
        assertThat(authorities.of(AGENT)).isEmpty();
        assertThat(authorities.of(OTHER)).isPresent();
        authorities.removeAll();
        assertThat(folder.resolve("authorities")).doesNotExist();
    }

    @Test
    void aServerIsCertifiedForItsNameAndADay() throws Exception {
        Path trust = authorities.place(AGENT);
        PublicKey key = CertificateSigner.newKeys().getPublic();
        X509Certificate leaf = authorities.of(AGENT).orElseThrow().certify("www.example.org", key);

        leaf.verify(Pem.certificate(Files.readString(trust.resolve("authority.crt")))
                .getPublicKey());
        assertThat(leaf.getPublicKey()).isEqualTo(key);
        assertThat(leaf.getSubjectAlternativeNames()).containsExactly(List.of(2, "www.example.org"));
        assertThat(leaf.getBasicConstraints()).as("is no authority").isEqualTo(-1);
        assertThat(leaf.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
        assertThat(leaf.getNotAfter().toInstant()).isEqualTo(NOW.plus(Duration.ofDays(1)));
        assertThat(leaf.getNotBefore().toInstant()).isBefore(NOW);
        String longest = "a".repeat(60) + "." + "b".repeat(60) + ".example.org";
        assertThat(authorities.of(AGENT).orElseThrow().certify(longest, key).getSubjectAlternativeNames())
                .containsExactly(List.of(2, longest));
    }

    @Test
    void someAreMadeAhead() throws Exception {
        authorities.expect();
        Path own = folder.resolve("authorities");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> Files.isDirectory(own)
                        && names(own).stream()
                                        .filter(name -> name.startsWith("_ready-"))
                                        .count()
                                == 3);
        authorities.place(AGENT);
        assertThat(names(own))
                .contains("a")
                .filteredOn(name -> name.startsWith("_ready-"))
                .hasSizeBetween(2, 3);
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }
}
