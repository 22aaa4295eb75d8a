package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * An authority of a trusted root.
 *
 * @param chain each signed by the next, the last by itself
 */
record Authority(String url, List<X509Certificate> chain, Validity validity) {
    Authority {
        chain = List.copyOf(chain);
    }

    /** Of those that sign certificates: the certificate that signs them. Of those that sign time stamps: the one that does. */
    X509Certificate first() {
        return chain.getFirst();
    }

    /** @throws DistrustException where the certificate is not one of its own at that time */
    void requireIssued(X509Certificate certificate, Instant time) throws DistrustException {
        requirePath(
                Stream.concat(Stream.of(certificate), chain.subList(0, chain.size() - 1).stream())
                        .toList(),
                time);
    }

    /** @throws DistrustException where its own first certificate was none at that time */
    void requireThen(Instant time) throws DistrustException {
        requirePath(chain.subList(0, chain.size() - 1), time);
    }

    /** Source: RFC 5280, 6. The root has an end too, which that leaves to whoever trusts it. */
    private void requirePath(List<X509Certificate> path, Instant time) throws DistrustException {
        if (!validity.contains(time)) {
            throw new DistrustException(url + ", which the trusted root has for " + validity + ", not for " + time);
        }
        Date date = Date.from(time);
        try {
            chain.getLast().checkValidity(date);
            if (path.isEmpty()) {
                return;
            }
            CertPath certificates = CertificateFactory.getInstance("X.509").generateCertPath(path);
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(chain.getLast(), null)));
            parameters.setRevocationEnabled(false); // There is no such list: certificates live for minutes.
            parameters.setDate(date);
            CertPathValidator.getInstance("PKIX").validate(certificates, parameters);
        } catch (NoSuchAlgorithmException | InvalidAlgorithmParameterException e) {
            throw new IllegalStateException("this Java can't verify certificates", e);
        } catch (CertPathValidatorException | CertificateException e) {
            throw new DistrustException(url + ": " + Strangers.shown("" + e.getMessage()), e);
        }
    }

    /** @throws IllegalArgumentException where the chain is none */
    void requireChain() {
        try {
            for (int i = 0; i < chain.size(); i++) {
                X509Certificate next = chain.get(Math.min(i + 1, chain.size() - 1));
                chain.get(i).verify(next.getPublicKey());
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "is not a chain of certificates, each signed by the next and the last by itself: " + e.getMessage(),
                    e);
        }
    }
}
