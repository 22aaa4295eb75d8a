package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom this machine trusts to certify servers, as its distribution keeps it. Read anew where it has changed. What can't be read is left
 * out with a warning, and nothing is ever refused for it: who trusts too few is told so by the connection that fails. Thread-safe.
 */
public final class MachineRoots {
    /** Of Debian, Alpine and others; Fedora and RHEL; SUSE. */
    private static final List<Path> BUNDLES = List.of(
            Path.of("/etc/ssl/certs/ca-certificates.crt"),
            Path.of("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
            Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
            Path.of("/var/lib/ca-certificates/ca-bundle.pem"),
            Path.of("/etc/ssl/cert.pem"));

    private static final List<Path> JAVA_STORES = List.of(
            Path.of("/etc/ssl/certs/java/cacerts"),
            Path.of("/etc/pki/ca-trust/extracted/java/cacerts"),
            Path.of("/var/lib/ca-certificates/java-cacerts"),
            Path.of(System.getProperty("java.home"), "lib", "security", "cacerts"));

    private static final Logger LOG = LoggerFactory.getLogger(MachineRoots.class);

    private final List<Path> bundles;
    private final List<Path> javaStores;
    private final Consumer<String> warnings;
    private final List<Version> warned = new ArrayList<>();
    private Optional<Known> known = Optional.empty();

    /** A file as it was read. */
    private record Version(Path file, Stamp stamp) {
        boolean isStill(Version now) {
            return file.equals(now.file) && stamp.isStill(now.stamp);
        }
    }

    private record Known(List<Version> versions, Roots roots) {
        boolean areStill(List<Version> now) {
            return versions.size() == now.size()
                    && IntStream.range(0, now.size())
                            .allMatch(each -> versions.get(each).isStill(now.get(each)));
        }
    }

    private interface Reader<T> {
        T read(Version version) throws IOException, GeneralSecurityException;
    }

    /** @param warnings said once for each version of a file */
    MachineRoots(List<Path> bundles, List<Path> javaStores, Consumer<String> warnings) {
        this.bundles = bundles;
        this.javaStores = javaStores;
        this.warnings = warnings;
    }

    public static MachineRoots ofThisMachine() {
        return new MachineRoots(BUNDLES, JAVA_STORES, LOG::warn);
    }

    /** Others than the machine's, for tests. */
    public static MachineRoots in(Path bundle) {
        return new MachineRoots(List.of(bundle), JAVA_STORES, LOG::warn);
    }

    /** The very same list for as long as nothing has changed. */
    public List<X509Certificate> certificates() {
        return now().certificates();
    }

    /** The very same for as long as nothing has changed. */
    synchronized Roots now() {
        List<Version> bundlesNow = versions(bundles);
        List<Version> javaStoresNow = versions(javaStores);
        List<Version> versions = new ArrayList<>(bundlesNow);
        versions.addAll(javaStoresNow);
        if (known.isPresent() && known.get().areStill(versions)) {
            return known.get().roots();
        }
        warned.removeIf(old -> versions.stream().noneMatch(version -> isSame(old, version)));
        Roots read = read(bundlesNow, javaStoresNow);
        Roots roots = known.map(Known::roots).filter(read::isSame).orElse(read);
        known = Optional.of(new Known(versions, roots));
        return roots;
    }

    private static List<Version> versions(List<Path> files) {
        List<Version> versions = new ArrayList<>();
        for (Path file : files) {
            try {
                versions.add(new Version(file, Stamp.of(file)));
            } catch (IOException e) {
                // Not one of this distribution's.
            }
        }
        return versions;
    }

    private Roots read(List<Version> bundlesNow, List<Version> javaStoresNow) {
        List<X509Certificate> certificates = first(bundlesNow, this::certificates, List.of());
        SortedMap<String, X509Certificate> forJava =
                first(javaStoresNow, MachineRoots::trusted, Collections.emptySortedMap());
        if (forJava.isEmpty()) {
            forJava = numbered(certificates);
        }
        try {
            return Roots.of(certificates.isEmpty() ? List.copyOf(forJava.values()) : certificates, forJava);
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was read can't be written", e);
        }
    }

    /** What the first file has that has anything. */
    private <T> T first(List<Version> versions, Reader<T> reader, T nothing) {
        for (Version version : versions) {
            try {
                return reader.read(version);
            } catch (IOException | GeneralSecurityException | RuntimeException e) {
                warn(version, "whom this machine trusts can't be read from " + version.file() + ": " + e.getMessage());
            }
        }
        return nothing;
    }

    private List<X509Certificate> certificates(Version version) throws IOException, GeneralSecurityException {
        // Every byte is a character of it: what is no certificate doesn't matter.
        PemBundle read = PemBundle.read(Files.readString(version.file(), StandardCharsets.ISO_8859_1));
        if (read.certificates().isEmpty()) {
            throw new IOException("there is no certificate in it that can be read, and " + read.unreadable()
                    + " that can't; PEM with BEGIN CERTIFICATE should be");
        }
        if (read.unreadable() > 0) {
            warn(
                    version,
                    "certificates of " + version.file() + " that can't be read are left out: " + read.unreadable());
        }
        return read.certificates();
    }

    private static SortedMap<String, X509Certificate> trusted(Version version)
            throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(version.file().toFile(), JavaStore.PASSWORD.toCharArray());
        SortedMap<String, X509Certificate> trusted = new TreeMap<>();
        for (String alias : Collections.list(store.aliases())) {
            if (store.isCertificateEntry(alias)
                    && !alias.equalsIgnoreCase(JavaStore.ALIAS)
                    && store.getCertificate(alias) instanceof X509Certificate certificate) {
                // Such stores are looked in by aliases without capitals.
                trusted.put(alias.toLowerCase(Locale.ROOT), certificate);
            }
        }
        if (trusted.isEmpty()) {
            throw new IOException("there is no trusted certificate in it that the password of such stores opens");
        }
        return trusted;
    }

    private static SortedMap<String, X509Certificate> numbered(Collection<X509Certificate> certificates) {
        SortedMap<String, X509Certificate> numbered = new TreeMap<>();
        certificates.forEach(each -> numbered.put("root-%04d".formatted(numbered.size() + 1), each));
        return numbered;
    }

    private void warn(Version version, String message) {
        if (warned.stream().noneMatch(old -> isSame(old, version))) {
            warned.add(version);
            warnings.accept(message);
        }
    }

    /** Whether or not it was settled, of which nobody needs to be told. */
    private static boolean isSame(Version old, Version version) {
        return old.file().equals(version.file())
                && old.stamp().changed().equals(version.stamp().changed())
                && old.stamp().size() == version.stamp().size();
    }
}
