package dev.agentcontainers.nodeagent.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentAuthoritiesTest {
    private static final SandboxId AGENT = new SandboxId("a");
    private static final SandboxId OTHER = new SandboxId("b");
    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");

    @TempDir
    private Path folder;

    private Path roots;
    private AgentAuthorities authorities;

    @BeforeEach
    void prepare() throws IOException {
        var keys = CertificateSigner.newKeys();
        String root = Pem.encode(
                new CertificateSigner(new X500Name("CN=root"), keys.getPrivate(), keys.getPublic(), Clock.systemUTC())
                        .authority(Duration.ofDays(1)));
        // Some distributions' files have no line end there.
        roots = Files.writeString(folder.resolve("roots.crt"), "# roots\n" + root.strip());
        authorities = process();
    }

    @AfterEach
    void endProcess() throws IOException {
        authorities.close();
    }

    /** As a process of its own has them: what it makes ahead is its own, and it knows nothing of what another has shown. */
    private AgentAuthorities process() {
        return new AgentAuthorities(
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
    void someAreMadeAheadAndOneBecomesAnAgents() throws Exception {
        authorities.expect();
        List<Path> ahead = awaitStock();
        Map<Object, Path> byInode = new HashMap<>();
        for (Path each : ahead) {
            assertThat(names(each)).containsExactly("authority.crt", "authority.key", "trust");
            assertThat(Files.getPosixFilePermissions(each)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
            byInode.put(inode(each), each);
        }
        Path trust = authorities.place(AGENT);
        assertThat(byInode).containsKey(inode(folder.resolve("authorities/a")));
        X509Certificate leaf = authorities
                .of(AGENT)
                .orElseThrow()
                .certify("www.example.org", CertificateSigner.newKeys().getPublic());
        leaf.verify(Pem.certificate(Files.readString(trust.resolve("authority.crt")))
                .getPublicKey());
        awaitStock();
    }

    @Test
    void eachAgentHasItsOwnWhateverWasMadeAhead() throws Exception {
        authorities.expect();
        awaitStock();
        Set<String> keys = new HashSet<>();
        for (int agent = 0; agent < 12; agent++) {
            Path trust = authorities.place(new SandboxId("agent-" + agent));
            keys.add(Files.readString(trust.resolveSibling("authority.key")));
        }
        assertThat(keys).hasSize(12);
    }

    @Test
    void nothingThatWasMadeAheadOutlivesTheProcessThatEnds() throws Exception {
        authorities.expect();
        awaitStock();
        authorities.place(AGENT);
        authorities.close();
        assertThat(names(folder.resolve("authorities"))).containsExactly("a");
        assertThat(authorities.place(OTHER)).as("without a stock").exists();
    }

    @Test
    void whatIsMadeAheadAndWhatAnAgentHasFollowsTheMachinesRoots() throws Exception {
        authorities.expect();
        awaitStock();
        Path trust = authorities.place(AGENT);
        Object file = Files.readAttributes(trust.resolve("bundle.crt"), BasicFileAttributes.class)
                .fileKey();
        String authority = Files.readString(trust.resolve("authority.crt"));
        authorities.place(AGENT);
        assertThat(Files.readAttributes(trust.resolve("bundle.crt"), BasicFileAttributes.class)
                        .fileKey())
                .as("not written again for nothing")
                .isEqualTo(file);

        var keys = CertificateSigner.newKeys();
        X509Certificate another = new CertificateSigner(
                        new X500Name("CN=another"), keys.getPrivate(), keys.getPublic(), Clock.systemUTC())
                .authority(Duration.ofDays(1));
        Files.writeString(roots, Pem.encode(another));

        for (Path each : List.of(authorities.place(AGENT), authorities.place(OTHER))) {
            assertThat(Pem.certificates(Files.readString(each.resolve("bundle.crt"))))
                    .containsExactly(another, Pem.certificate(Files.readString(each.resolve("authority.crt"))));
            assertThat(names(each)).containsExactly("authority.crt", "bundle.crt", "cacerts");
        }
        assertThat(Files.readString(trust.resolve("authority.crt"))).isEqualTo(authority);
    }

    /** After a loss of power, which no process outlives. */
    @ParameterizedTest
    @ValueSource(strings = {"authority.crt", "bundle.crt", "cacerts"})
    void whatTheAgentSeesIsWrittenAnewWhereItIsLost(String lost) throws Exception {
        Path file = authorities.place(AGENT).resolve(lost);
        Object whole = content(file);
        int size = (int) Files.size(file);
        Files.delete(file);
        process().place(AGENT);
        assertThat(content(file)).isEqualTo(whole);
        for (int left : new int[] {0, size}) {
            Files.delete(file);
            Files.write(file, new byte[left]);
            process().place(AGENT);
            assertThat(content(file)).isEqualTo(whole);
        }
    }

    /** Without what differs each time that a store for Java is written. */
    private static Object content(Path file) throws Exception {
        if (!file.endsWith("cacerts")) {
            return Files.readString(file);
        }
        KeyStore store = KeyStore.getInstance(file.toFile(), "changeit".toCharArray());
        Map<String, Certificate> certificates = new HashMap<>();
        for (String alias : Collections.list(store.aliases())) {
            certificates.put(alias, store.getCertificate(alias));
        }
        return certificates;
    }

    @ParameterizedTest
    @CsvSource({
        "authority.crt,0,0",
        "authority.key,0,0",
        "authority.crt,300,0",
        "authority.key,300,0",
        "authority.crt,300,255",
        "authority.key,300,255"
    })
    void anAgentWhoseAuthorityIsLostGetsAnother(String lost, int size, int content) throws Exception {
        Path trust = authorities.place(AGENT);
        String before = Files.readString(trust.resolve("authority.crt"));
        byte[] left = new byte[size];
        Arrays.fill(left, (byte) content);
        Files.write(trust.resolveSibling(lost), left);

        AgentAuthorities next = process();
        assertThat(next.place(AGENT)).isEqualTo(trust);
        X509Certificate now = Pem.certificate(Files.readString(trust.resolve("authority.crt")));
        assertThat(Pem.encode(now)).isNotEqualTo(before);
        X509Certificate leaf = next.of(AGENT)
                .orElseThrow()
                .certify("www.example.org", CertificateSigner.newKeys().getPublic());
        leaf.verify(now.getPublicKey());
        assertThat(names(folder.resolve("authorities"))).containsExactly("a");
    }

    @Test
    void aFolderThatIsLostIsMadeAnew() throws Exception {
        Path trust = authorities.place(AGENT);
        for (String each : List.of("trust", "authority.key")) {
            Files.move(trust.resolveSibling(each), folder.resolve(each));
        }
        assertThat(process().place(AGENT)).isEqualTo(trust);
        assertThat(names(trust)).containsExactly("authority.crt", "bundle.crt", "cacerts");
        Files.move(folder.resolve("authorities/a"), folder.resolve("gone"));
        assertThat(process().place(AGENT)).isEqualTo(trust);
        assertThat(names(trust)).containsExactly("authority.crt", "bundle.crt", "cacerts");
    }

    @Test
    void whatProcessesThatAreGoneMadeAheadIsRemovedAndNeverUsed() throws Exception {
        Path own = Files.createDirectory(folder.resolve("authorities"));
        authorities.place(AGENT);
        for (String name : List.of("_ready-1", "_begun-other-1", "_6f1e-1")) {
            Path left = Files.createDirectory(own.resolve(name));
            Files.writeString(left.resolve("authority.key"), "key");
            Files.createDirectory(left.resolve("trust"));
        }

        assertThat(authorities.place(OTHER)).exists();
        assertThat(names(own)).contains("_ready-1", "_begun-other-1", "_6f1e-1");
        authorities.expect();
        List<Path> ahead = awaitStock();
        assertThat(names(own))
                .hasSize(ahead.size() + 2)
                .contains("a", "b")
                .doesNotContain("_ready-1", "_begun-other-1", "_6f1e-1");
    }

    /** By another process that began meanwhile, or by an administrator. */
    @Test
    void whatWasMadeAheadAndIsGoneKeepsNoAgentFromStarting() throws Exception {
        authorities.expect();
        for (Path each : awaitStock()) {
            Files.move(each, folder.resolve("gone-" + each.getFileName()));
        }
        Path trust = authorities.place(AGENT);
        assertThat(names(trust)).containsExactly("authority.crt", "bundle.crt", "cacerts");
        assertThat(authorities.of(AGENT)).isPresent();
        awaitStock();
    }

    /** Of which each that was made ahead would fail in the same way. */
    @Test
    void whatKeepsOneFromBeingPlacedCostsNotAllThatWereMadeAhead() throws Exception {
        authorities.expect();
        List<Path> ahead = awaitStock();
        Files.createFile(folder.resolve("authorities/a"));

        assertThatThrownBy(() -> authorities.place(AGENT)).isInstanceOf(IOException.class);
        assertThat(ahead.stream().filter(Files::exists)).hasSize(7);
        assertThat(authorities.place(OTHER)).exists();
    }

    /** As where too many files are open. */
    @ParameterizedTest
    @ValueSource(strings = {"authority.crt", "authority.key"})
    void anAuthorityThatCannotBeReadForNowStays(String file) throws Exception {
        Path trust = authorities.place(AGENT);
        String before = Files.readString(trust.resolve("authority.crt"));
        Path its = trust.resolveSibling(file);
        Path aside = Files.move(its, folder.resolve("aside"));
        Files.createSymbolicLink(its, its);

        assertThatThrownBy(() -> process().place(AGENT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(its.toString());
        Files.move(aside, its, StandardCopyOption.REPLACE_EXISTING);
        assertThat(process().place(AGENT)).isEqualTo(trust);
        assertThat(Files.readString(trust.resolve("authority.crt"))).isEqualTo(before);
    }

    @Test
    void nothingIsLeftWhereOneCannotBePlaced() throws Exception {
        Path own = Files.createDirectory(folder.resolve("authorities"));
        Files.createFile(own.resolve("a"));

        assertThatThrownBy(() -> new AgentAuthorities(
                                own, MachineRoots.in(roots), Clock.fixed(Instant.MAX.minusSeconds(1), ZoneOffset.UTC))
                        .place(OTHER))
                .isInstanceOf(Exception.class);
        assertThat(names(own)).containsExactly("a");
    }

    private List<Path> awaitStock() {
        return await().atMost(Duration.ofSeconds(30)).until(this::ahead, ahead -> ahead.size() == 8);
    }

    /** Those that are whole. */
    private List<Path> ahead() throws IOException {
        Path own = folder.resolve("authorities");
        if (!Files.isDirectory(own)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(own)) {
            return all.filter(each -> each.getFileName().toString().startsWith("_"))
                    .filter(each -> Files.exists(each.resolve("trust/cacerts")))
                    .toList();
        }
    }

    private static Object inode(Path file) throws IOException {
        return Files.getAttribute(file, "unix:ino");
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }
}
