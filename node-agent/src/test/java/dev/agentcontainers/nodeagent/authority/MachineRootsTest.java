package dev.agentcontainers.nodeagent.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineRootsTest {
    private static final X509Certificate FIRST = root("CN=first");
    private static final X509Certificate SECOND = root("CN=second");
    private static final X509Certificate MORE = root("CN=more");

    private final List<String> warnings = new ArrayList<>();

    @TempDir
    private Path folder;

    private static X509Certificate root(String name) {
        KeyPair keys = CertificateSigner.newKeys();
        return new CertificateSigner(new X500Name(name), keys.getPrivate(), keys.getPublic(), Clock.systemUTC())
                .authority(Duration.ofDays(1));
    }

    private Path bundle(String text) throws IOException {
        return Files.writeString(folder.resolve("bundle.crt"), text, StandardCharsets.ISO_8859_1);
    }

    private Path store(String name, String type, String password, X509Certificate certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, null);
        store.setCertificateEntry("Its-Alias", certificate);
        Path file = folder.resolve(name);
        try (OutputStream to = Files.newOutputStream(file)) {
            store.store(to, password.toCharArray());
        }
        return file;
    }

    private MachineRoots of(Path bundle, Path... javaStores) {
        return new MachineRoots(List.of(bundle), List.of(javaStores), warnings::add);
    }

    /** What Java reads of what agents are shown, without what is added for each. */
    private List<X509Certificate> forJava(MachineRoots roots) throws Exception {
        Path file =
                Files.write(folder.resolve("written"), roots.now().javaStore().with(MORE));
        List<X509Certificate> read = new ArrayList<>();
        for (String type : Set.of("JKS", "PKCS12")) {
            KeyStore store = KeyStore.getInstance(type);
            try (var from = Files.newInputStream(file)) {
                store.load(from, "changeit".toCharArray());
            }
            read.clear();
            for (String alias : Collections.list(store.aliases())) {
                assertThat(store.isCertificateEntry(alias)).isTrue();
                read.add((X509Certificate) store.getCertificate(alias));
            }
            assertThat(store.getCertificate("agentcontainers-egress")).isEqualTo(MORE);
        }
        assertThat(read.remove(MORE)).isTrue();
        return read;
    }

    @Test
    void whatStandsBetweenCertificatesDoesNotMatter() throws Exception {
        MachineRoots roots = of(bundle("# Soci\u00e9t\u00e9 \u00ff - 1\n" + Pem.encode(FIRST) + "\u0080\n-----\n"
                + Pem.encode(SECOND).replace("\n", "\r\n").strip()));

        assertThat(roots.certificates()).containsExactly(FIRST, SECOND);
        assertThat(roots.now().bundle()).isEqualTo(Pem.encode(FIRST) + Pem.encode(SECOND));
    }

    @Test
    void oneThatCannotBeReadIsLeftOutAndNotAll() throws Exception {
        String damaged = Pem.encode(MORE);
        String cut = damaged.substring(0, damaged.length() / 2);
        MachineRoots roots = of(bundle(Pem.encode(FIRST) + cut + Pem.encode(SECOND)
                + "-----BEGIN CERTIFICATE-----\n=MII\u00e9=\n-----END CERTIFICATE-----\n" + cut));

        assertThat(roots.certificates()).containsExactly(FIRST, SECOND);
        assertThat(roots.certificates()).containsExactly(FIRST, SECOND);
        assertThat(warnings)
                .as("one, however often it is read")
                .singleElement()
                .asString()
                .endsWith(folder.resolve("bundle.crt") + " that can't be read are left out: 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"})
    void aBundleWithoutAnyIsAsNone(String text) throws Exception {
        Path another = Files.writeString(folder.resolve("another.crt"), Pem.encode(SECOND));
        Path java = store("java", "JKS", "changeit", FIRST);

        assertThat(new MachineRoots(List.of(bundle(text), another), List.of(java), warnings::add).certificates())
                .containsExactly(SECOND);
        assertThat(of(bundle(text), java).certificates()).containsExactly(FIRST);
        assertThat(of(folder.resolve("nowhere"), java).certificates()).containsExactly(FIRST);
        assertThat(of(folder, java).certificates()).as("a folder").containsExactly(FIRST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"JKS", "PKCS12"})
    void javaTrustsWhomTheMachinesJavaTrusts(String type) throws Exception {
        MachineRoots roots = of(bundle(Pem.encode(FIRST)), store("java", type, "changeit", SECOND));
        assertThat(forJava(roots)).containsExactly(SECOND);
        assertThat(roots.certificates()).containsExactly(FIRST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"JKS", "PKCS12"})
    void aStoreForJavaThatCannotBeReadIsAsNone(String type) throws Exception {
        Path bundle = bundle(Pem.encode(FIRST));
        Path empty = Files.createFile(folder.resolve("empty"));
        Path foreign = store("foreign", type, "another", MORE);
        byte[] bytes = Files.readAllBytes(store("whole", type, "changeit", MORE));
        Path damaged = Files.write(folder.resolve("damaged"), Arrays.copyOf(bytes, bytes.length / 2));
        Path right = store("right", type, "changeit", SECOND);

        assertThat(forJava(of(bundle, empty, foreign, damaged, right))).containsExactly(SECOND);
        assertThat(warnings).hasSize(3);
        assertThat(forJava(of(bundle, empty, foreign, damaged)))
                .as("made of the bundle")
                .containsExactly(FIRST);
        assertThat(forJava(of(folder.resolve("nowhere"), empty)))
                .as("nobody is trusted")
                .isEmpty();
    }

    @Test
    void readAnewWhereItHasChanged() throws Exception {
        Path bundle = bundle(Pem.encode(FIRST));
        MachineRoots roots = of(bundle);
        List<X509Certificate> before = roots.certificates();
        Files.writeString(bundle, "# another comment\n" + Pem.encode(FIRST));
        assertThat(roots.certificates()).as("nothing new in it").isSameAs(before);

        String digest = roots.now().digest();
        Files.writeString(bundle, Pem.encode(SECOND));
        assertThat(roots.certificates()).containsExactly(SECOND);
        assertThat(roots.now().digest()).isNotEqualTo(digest);
    }
}
