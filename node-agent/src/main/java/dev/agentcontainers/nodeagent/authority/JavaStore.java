package dev.agentcontainers.nodeagent.authority;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;

/**
 * A store of trusted certificates for Java, in the format JKS: what distributions have theirs in, and every JDK reads. Written here and
 * not by {@link java.security.KeyStore}, which encodes all certificates anew for each agent, where only the last one differs. The format
 * is that of sun.security.provider.JavaKeyStore. Immutable, thread-safe.
 */
final class JavaStore {
    /** What every such store has. */
    static final String PASSWORD = "changeit";

    static final String ALIAS = "agentcontainers-egress";

    private static final int MAGIC = 0xfeedfeed;
    private static final int VERSION = 2;
    private static final int TRUSTED_CERTIFICATE = 2;
    private static final String SALT = "Mighty Aphrodite";

    /** The head and all entries but the last. */
    private final byte[] begin;
    /** Of these, which is only ever copied: to digest all anew would take most of what a store takes. */
    private final MessageDigest begun;

    private JavaStore(byte[] begin) {
        this.begin = begin;
        try {
            this.begun = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-1", e);
        }
        begun.update(PASSWORD.getBytes(StandardCharsets.UTF_16BE));
        begun.update(SALT.getBytes(StandardCharsets.US_ASCII));
        begun.update(begin);
    }

    /** @param certificates by alias; {@link #ALIAS} is none of them */
    static JavaStore of(SortedMap<String, X509Certificate> certificates) throws CertificateEncodingException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream to = new DataOutputStream(bytes)) {
            to.writeInt(MAGIC);
            to.writeInt(VERSION);
            to.writeInt(certificates.size() + 1);
            for (Map.Entry<String, X509Certificate> each : certificates.entrySet()) {
                write(each.getKey(), each.getValue(), to);
            }
        } catch (IOException e) {
            throw new CertificateEncodingException("a store for Java can't be written: " + e.getMessage(), e);
        }
        return new JavaStore(bytes.toByteArray());
    }

    /** What is the same for every agent. */
    byte[] begin() {
        return begin.clone();
    }

    /** The whole store, with one more certificate. */
    byte[] with(X509Certificate more) throws IOException {
        ByteArrayOutputStream last = new ByteArrayOutputStream();
        try (DataOutputStream to = new DataOutputStream(last)) {
            write(ALIAS, more, to);
            MessageDigest digest = (MessageDigest) begun.clone();
            to.write(digest.digest(last.toByteArray()));
        } catch (CertificateEncodingException | CloneNotSupportedException e) {
            throw new IOException("a store for Java can't be written: " + e.getMessage(), e);
        }
        byte[] all = Arrays.copyOf(begin, begin.length + last.size());
        System.arraycopy(last.toByteArray(), 0, all, begin.length, last.size());
        return all;
    }

    private static void write(String alias, X509Certificate certificate, DataOutputStream to)
            throws IOException, CertificateEncodingException {
        byte[] encoded = certificate.getEncoded();
        to.writeInt(TRUSTED_CERTIFICATE);
        to.writeUTF(alias);
        // When it came into the store, which has to be the same each time that it is written.
        to.writeLong(certificate.getNotBefore().getTime());
        to.writeUTF("X.509");
        to.writeInt(encoded.length);
        to.write(encoded);
    }
}
