package dev.agentcontainers.localcluster.certificates;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;

/**
 * The certificates of one cluster in one folder, mode 0600. Authorities and the signing key of service
 * accounts are made once and kept; what they sign is made anew at each start, so it never expires in a
 * cluster that is restarted within a year.
 */
public final class ClusterCertificates {

    private static final String SERVICE_ACCOUNT = "service-account";

    private final Path folder;
    private final CertificateAuthority server;
    private final CertificateAuthority client;

    private ClusterCertificates(Path folder) {
        this.folder = PrivateFiles.createFolder(folder);
        this.server = CertificateAuthority.loadOrCreate(folder, "server-authority");
        this.client = CertificateAuthority.loadOrCreate(folder, "client-authority");
    }

    /** The certificates of that folder; the authorities are made where there are none. */
    public static ClusterCertificates in(Path folder) {
        return new ClusterCertificates(folder);
    }

    /** Makes what the cluster's processes need to start. */
    public void issue() {
        server.server(
                        "kube-apiserver",
                        List.of(
                                "localhost",
                                "kubernetes",
                                "kubernetes.default",
                                "kubernetes.default.svc",
                                "kubernetes.default.svc.cluster.local"))
                .write(folder, "kube-apiserver");
        CertificateAuthority etcd = CertificateAuthority.loadOrCreate(folder, "etcd-authority");
        etcd.server("etcd", List.of("localhost")).write(folder, "etcd");
        etcd.client("kube-apiserver", List.of()).write(folder, "kube-apiserver-etcd-client");
        CertificateAuthority frontProxy = CertificateAuthority.loadOrCreate(folder, "front-proxy-authority");
        frontProxy.client("front-proxy-client", List.of()).write(folder, "front-proxy-client");
        if (!Files.exists(folder.resolve(SERVICE_ACCOUNT + ".pub"))) {
            KeyPair keys = CertificateAuthority.rsaKeys();
            PrivateFiles.write(folder.resolve(SERVICE_ACCOUNT + ".key"), Pem.encode(keys.getPrivate()));
            PrivateFiles.write(folder.resolve(SERVICE_ACCOUNT + ".pub"), Pem.encode(keys.getPublic()));
        }
    }

    /** A credential that the API server knows as that user of those groups. */
    public Credential client(String user, List<String> groups) {
        return client.client(user, groups);
    }

    /** What signs the API server's certificate. */
    public String serverAuthorityPem() {
        return server.certificatePem();
    }

    /** A file of the folder, for example {@code kube-apiserver.crt}. */
    public Path file(String name) {
        return folder.resolve(name);
    }
}
