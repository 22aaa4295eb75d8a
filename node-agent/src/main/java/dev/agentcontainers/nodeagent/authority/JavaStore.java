package dev.agentcontainers.nodeagent.authority;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.SortedMap;

/**
 * A store of trusted certificates for Java, in the format JKS: what distributions have theirs in, and every JDK reads. PKCS #12 derives keys
 * for each store, which takes a hundred times as long. Immutable, thread-safe.
 *
 * @param certificates by alias; {@link #ALIAS} is none of them
 */
record JavaStore(SortedMap<String, X509Certificate> certificates) {
    /** What every such store has. */
    static final String PASSWORD = "changeit";

    static final String ALIAS = "agentcontainers-egress";

    private static final String FORMAT = "JKS";

    /** The whole store, with one more certificate. */
    byte[] with(X509Certificate more) throws IOException {
        try {
            KeyStore store = KeyStore.getInstance(FORMAT);
            store.load(null, null);
            for (Map.Entry<String, X509Certificate> each : certificates.entrySet()) {
                store.setCertificateEntry(each.getKey(), each.getValue());
            }
            store.setCertificateEntry(ALIAS, more);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            store.store(bytes, PASSWORD.toCharArray());
            return bytes.toByteArray();
        } catch (GeneralSecurityException e) {
            throw new IOException("a store for Java can't be written: " + e.getMessage(), e);
        }
    }
}
