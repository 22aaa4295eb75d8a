package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.protocol.CertificateSigner;
import dev.agentcontainers.protocol.CertificateSigner.Purpose;
import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** What a server of the tests has, and by whom it is certified; as files. */
record ServerIdentity(Path certificate, Path key, Path authority) {
    static ServerIdentity make(Path folder, String what, String serverName, Clock clock) throws IOException {
        KeyPair authoritys = CertificateSigner.newKeys();
        CertificateSigner signer = new CertificateSigner(
                new X500Name("CN=test " + what), authoritys.getPrivate(), authoritys.getPublic(), clock);
        KeyPair servers = CertificateSigner.newKeys();
        GeneralNames names = new GeneralNames(new GeneralName(GeneralName.dNSName, serverName));
        X509Certificate certificate = signer.leaf(
                new X500Name("CN=server"),
                servers.getPublic(),
                Duration.ofHours(2),
                KeyPurposeId.id_kp_serverAuth,
                List.of(new Purpose(Extension.subjectAlternativeName, false, names)));
        return new ServerIdentity(
                Files.writeString(folder.resolve(what + ".crt"), Pem.encode(certificate)),
                Files.writeString(folder.resolve(what + ".key"), Pem.encode(servers.getPrivate())),
                Files.writeString(
                        folder.resolve(what + "-authority.crt"), Pem.encode(signer.authority(Duration.ofDays(1)))));
    }
}
