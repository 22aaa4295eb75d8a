package dev.agentcontainers.localcluster.certificates;

import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/** A private key and the certificate of its public key. */
public record Credential(PrivateKey key, X509Certificate certificate) {

    public String keyPem() {
        return Pem.encode(key);
    }

    public String certificatePem() {
        return Pem.encode(certificate);
    }

    /** Writes {@code name.key}, then {@code name.crt}: a certificate's presence tells that both are there. */
    void write(Path folder, String name) {
        PrivateFiles.write(folder.resolve(name + ".key"), keyPem());
        PrivateFiles.write(folder.resolve(name + ".crt"), certificatePem());
    }
}
