package dev.agentcontainers.nodeagent.authority;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Whom a machine trusts at some moment. Immutable.
 *
 * @param bundle the certificates as text, without anything between them
 * @param javaStore what the machine's Java trusts
 * @param digest of both; others have another
 */
record Roots(List<X509Certificate> certificates, String bundle, JavaStore javaStore, String digest) {
    static Roots of(List<X509Certificate> certificates, SortedMap<String, X509Certificate> forJava)
            throws CertificateEncodingException {
        String bundle = PemBundle.text(certificates);
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bundle.getBytes(StandardCharsets.US_ASCII));
            for (Map.Entry<String, X509Certificate> each : forJava.entrySet()) {
                digest.update((each.getKey() + "\n").getBytes(StandardCharsets.UTF_8));
                digest.update(each.getValue().getEncoded());
            }
            return new Roots(
                    List.copyOf(certificates),
                    bundle,
                    new JavaStore(Collections.unmodifiableSortedMap(new TreeMap<>(forJava))),
                    HexFormat.of().formatHex(digest.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    boolean isSame(Roots other) {
        return digest.equals(other.digest);
    }
}
