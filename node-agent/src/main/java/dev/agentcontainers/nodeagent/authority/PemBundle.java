package dev.agentcontainers.nodeagent.authority;

import dev.agentcontainers.protocol.Pem;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What can be read of a file with certificates as text (RFC 7468): whatever stands between them, in whatever encoding, is no reason to
 * read none.
 *
 * @param unreadable how many certificates begin there without one that can be read
 */
record PemBundle(List<X509Certificate> certificates, int unreadable) {
    private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
    private static final String END = "-----END CERTIFICATE-----";
    private static final Pattern BLOCK = Pattern.compile(BEGIN + "([^-]*+)(" + END + ")?");

    static PemBundle read(String text) throws CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> certificates = new ArrayList<>();
        int unreadable = 0;
        Matcher blocks = BLOCK.matcher(text);
        while (blocks.find()) {
            try {
                if (blocks.group(2) == null) {
                    throw new CertificateException("it has no end");
                }
                byte[] encoded = Base64.getMimeDecoder().decode(blocks.group(1));
                certificates.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(encoded)));
            } catch (CertificateException | IllegalArgumentException e) {
                unreadable++;
            }
        }
        return new PemBundle(certificates, unreadable);
    }

    static String text(List<X509Certificate> certificates) {
        return certificates.stream().map(Pem::encode).collect(Collectors.joining());
    }
}
