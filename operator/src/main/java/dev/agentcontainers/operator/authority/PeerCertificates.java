package dev.agentcontainers.operator.authority;

import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Pem;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;

/**
 * Tells nodes from users. The server's TLS trusts two authorities; who signed decides what a certificate can say: only
 * the gateway's own authority makes nodes, only the cluster's client authority makes users, whatever the names are.
 */
public final class PeerCertificates {
    private static final String CLIENT_PURPOSE = "1.3.6.1.5.5.7.3.2";

    private final X509Certificate gatewayAuthority;
    private final List<X509Certificate> clientAuthorities;
    private final Clock clock;

    public PeerCertificates(X509Certificate gatewayAuthority, List<X509Certificate> clientAuthorities, Clock clock) {
        this.gatewayAuthority = gatewayAuthority;
        this.clientAuthorities = List.copyOf(clientAuthorities);
        this.clock = clock;
    }

    /** @param chain as shown in the handshake, the peer's own first; empty where it showed none */
    public Peer identify(List<X509Certificate> chain) {
        if (chain.isEmpty() || !mayBeClient(chain.getFirst())) {
            return new Peer.Nobody();
        }
        if (isSignedBy(chain, Set.of(gatewayAuthority))) {
            return node(chain.getFirst());
        }
        if (!clientAuthorities.isEmpty() && isSignedBy(chain, Set.copyOf(clientAuthorities))) {
            return user(chain.getFirst());
        }
        return new Peer.Nobody();
    }

    private static Peer node(X509Certificate certificate) {
        Optional<String> name = single(certificate, BCStyle.CN)
                .filter(text -> text.startsWith(GatewayPaths.NODE_COMMON_NAME))
                .map(text -> text.substring(GatewayPaths.NODE_COMMON_NAME.length()));
        Optional<String> uid = single(certificate, BCStyle.SERIALNUMBER);
        if (name.isEmpty() || uid.isEmpty()) {
            return new Peer.Nobody();
        }
        return new Peer.Node(
                name.get(),
                uid.get(),
                Pem.fingerprint(certificate.getPublicKey()),
                certificate.getNotAfter().toInstant());
    }

    private static Peer user(X509Certificate certificate) {
        return single(certificate, BCStyle.CN)
                .<Peer>map(name -> new Peer.User(name, values(certificate, BCStyle.O)))
                .orElseGet(Peer.Nobody::new);
    }

    private boolean isSignedBy(List<X509Certificate> chain, Set<X509Certificate> authorities) {
        try {
            Set<TrustAnchor> anchors = authorities.stream()
                    .map(authority -> new TrustAnchor(authority, null))
                    .collect(Collectors.toSet());
            PKIXParameters parameters = new PKIXParameters(anchors);
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(clock.instant()));
            List<X509Certificate> withoutAnchor =
                    chain.stream().filter(link -> !authorities.contains(link)).toList();
            CertPathValidator.getInstance("PKIX")
                    .validate(CertificateFactory.getInstance("X.509").generateCertPath(withoutAnchor), parameters);
            return !withoutAnchor.isEmpty();
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static boolean mayBeClient(X509Certificate certificate) {
        try {
            List<String> purposes = certificate.getExtendedKeyUsage();
            return certificate.getBasicConstraints() < 0 && purposes != null && purposes.contains(CLIENT_PURPOSE);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static Optional<String> single(X509Certificate certificate, ASN1ObjectIdentifier attribute) {
        List<String> values = values(certificate, attribute);
        return values.size() == 1 && !values.getFirst().isBlank() ? Optional.of(values.getFirst()) : Optional.empty();
    }

    private static List<String> values(X509Certificate certificate, ASN1ObjectIdentifier attribute) {
        try {
            X500Name subject = new JcaX509CertificateHolder(certificate).getSubject();
            return Arrays.stream(subject.getRDNs(attribute))
                    .flatMap(set -> Arrays.stream(set.getTypesAndValues()))
                    .filter(pair -> pair.getType().equals(attribute))
                    .map(pair -> IETFUtils.valueToString(pair.getValue()))
                    .map(PeerCertificates::unescaped)
                    .toList();
        } catch (CertificateEncodingException e) {
            return List.of();
        }
    }

    /** {@code IETFUtils} escapes as for a name's text form; users' names are compared as they are. */
    private static String unescaped(String value) {
        return value.replaceAll("\\\\(.)", "$1");
    }
}
