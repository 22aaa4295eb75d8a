package dev.agentcontainers.nodeagent.authority;

import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.CertificateSigner.Purpose;
import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** The authority of one agent. It certifies servers, each for one name and for a day. Immutable, thread-safe. */
public final class AgentAuthority {
    /** The same for every agent, so that a folder of links by the digests of names has one for all; the keys are different. */
    private static final String COMMON_NAME = "AgentContainers egress authority";

    private static final Duration VALIDITY = Duration.ofDays(3650);
    private static final Duration LEAF_VALIDITY = Duration.ofDays(1);
    /** More than a common name may have characters (RFC 5280, A.1) clients look for in the alternative names alone. */
    private static final int LONGEST_COMMON_NAME = 64;

    private static final String CERTIFICATE = "authority.crt";
    private static final String KEY = "authority.key";

    private final X509Certificate certificate;
    private final PrivateKey key;
    private final Clock clock;

    private AgentAuthority(X509Certificate certificate, PrivateKey key, Clock clock) {
        this.certificate = certificate;
        this.key = key;
        this.clock = clock;
    }

    static AgentAuthority create(Clock clock) {
        KeyPair keys = CertificateSigner.newKeys();
        X509Certificate certificate = new CertificateSigner(
                        name(COMMON_NAME), keys.getPrivate(), keys.getPublic(), clock)
                .authority(VALIDITY);
        return new AgentAuthority(certificate, keys.getPrivate(), clock);
    }

    /** The one that was written to the folder. */
    static AgentAuthority read(Path folder, Clock clock) throws IOException {
        return new AgentAuthority(
                Pem.certificate(Files.readString(folder.resolve(CERTIFICATE))),
                Pem.privateKey(Files.readString(folder.resolve(KEY))),
                clock);
    }

    /** The private key with access for this program's user alone, from its first moment on. */
    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve(CERTIFICATE), certificatePem());
        Path file = Files.createFile(
                folder.resolve(KEY),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, Pem.encode(key).getBytes(StandardCharsets.US_ASCII));
    }

    X509Certificate certificate() {
        return certificate;
    }

    String certificatePem() {
        return Pem.encode(certificate);
    }

    /** Certifies a server. */
    public X509Certificate certify(String serverName, PublicKey itsKey) {
        Purpose names = new Purpose(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(new GeneralName(GeneralName.dNSName, serverName)));
        X500Name subject = name(serverName.length() <= LONGEST_COMMON_NAME ? serverName : "server");
        return CertificateSigner.of(certificate, key, clock)
                .leaf(subject, itsKey, LEAF_VALIDITY, KeyPurposeId.id_kp_serverAuth, List.of(names));
    }

    private static X500Name name(String commonName) {
        return new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
    }
}
