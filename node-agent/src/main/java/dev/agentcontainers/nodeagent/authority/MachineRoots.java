package dev.agentcontainers.nodeagent.authority;

import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whom this machine trusts to certify servers, as its distribution keeps it. Read anew where it has changed. Thread-safe. */
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

    /** What every such store has. */
    private static final char[] PASSWORD = "changeit".toCharArray();

    private static final String ALIAS = "agentcontainers-egress";

    private final List<Path> bundles;
    private final List<Path> javaStores;
    private Optional<Bundle> bundle = Optional.empty();
    private Optional<Parsed> parsed = Optional.empty();
    private Optional<JavaStore> javaStore = Optional.empty();

    /** As of when a file was read. */
    private record Version(@Nullable Path file, FileTime changed) {
        static Version of(List<Path> candidates) throws IOException {
            for (Path file : candidates) {
                if (Files.isReadable(file)) {
                    return new Version(file, Files.getLastModifiedTime(file));
                }
            }
            return new Version(null, FileTime.fromMillis(0));
        }
    }

    private record Bundle(Version version, String text) {}

    private record Parsed(Version version, List<X509Certificate> certificates) {}

    private record JavaStore(Version version, KeyStore store) {}

    private MachineRoots(List<Path> bundles, List<Path> javaStores) {
        this.bundles = bundles;
        this.javaStores = javaStores;
    }

    public static MachineRoots ofThisMachine() {
        return new MachineRoots(BUNDLES, JAVA_STORES);
    }

    /** Others than the machine's, for tests. */
    public static MachineRoots in(Path bundle) {
        return new MachineRoots(List.of(bundle), JAVA_STORES);
    }

    /** All as text, without what stands between them in the machine's file. */
    synchronized String bundle() throws IOException {
        return read().text();
    }

    private Bundle read() throws IOException {
        Version now = Version.of(bundles);
        if (bundle.filter(known -> known.version().equals(now)).isEmpty()) {
            bundle = Optional.of(new Bundle(now, now.file() == null ? ofJavaStore() : Files.readString(now.file())));
        }
        return bundle.get();
    }

    /** The very same list for as long as nothing has changed. */
    public synchronized List<X509Certificate> certificates() throws IOException {
        Bundle now = read();
        if (parsed.filter(known -> known.version().equals(now.version())).isEmpty()) {
            parsed = Optional.of(new Parsed(now.version(), Pem.certificates(now.text())));
        }
        return parsed.get().certificates();
    }

    /** Where the machine has no bundle there may still be a JDK's. */
    private String ofJavaStore() throws IOException {
        StringBuilder text = new StringBuilder();
        try {
            KeyStore store = javaStore();
            for (String alias : Collections.list(store.aliases())) {
                Certificate certificate = store.getCertificate(alias);
                if (certificate instanceof X509Certificate) {
                    text.append(Pem.encode(certificate));
                }
            }
        } catch (KeyStoreException e) {
            throw new IOException("the certificates of the JDK can't be read: " + e.getMessage(), e);
        }
        return text.toString();
    }

    /** Writes a store for Java, with one more. */
    synchronized void writeJavaStore(X509Certificate more, OutputStream to) throws IOException {
        try {
            KeyStore store = javaStore();
            store.setCertificateEntry(ALIAS, more);
            store.store(to, PASSWORD);
            store.deleteEntry(ALIAS);
        } catch (GeneralSecurityException e) {
            throw new IOException("a store of certificates for Java can't be written: " + e.getMessage(), e);
        }
    }

    private KeyStore javaStore() throws IOException {
        Version now = Version.of(javaStores);
        if (javaStore.filter(known -> known.version().equals(now)).isEmpty()) {
            try {
                KeyStore store;
                if (now.file() == null) {
                    store = KeyStore.getInstance("PKCS12");
                    store.load(null, null);
                } else {
                    store = KeyStore.getInstance(now.file().toFile(), PASSWORD);
                }
                javaStore = Optional.of(new JavaStore(now, store));
            } catch (GeneralSecurityException e) {
                throw new IOException(now.file() + " is no store of certificates: " + e.getMessage(), e);
            }
        }
        return javaStore.get().store();
    }
}
