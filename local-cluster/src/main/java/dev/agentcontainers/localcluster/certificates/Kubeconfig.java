package dev.agentcontainers.localcluster.certificates;

import io.fabric8.kubernetes.api.model.AuthInfo;
import io.fabric8.kubernetes.api.model.AuthInfoBuilder;
import io.fabric8.kubernetes.api.model.ClusterBuilder;
import io.fabric8.kubernetes.api.model.Config;
import io.fabric8.kubernetes.api.model.ConfigBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;

/** Writes kubeconfig files that refer to no other file. */
public final class Kubeconfig {

    private static final String CLUSTER = "agentcontainers";

    private Kubeconfig() {}

    /**
     * Writes a kubeconfig with mode 0600.
     *
     * @param authorityPem what signs the server's certificate; empty where the machine's own trust store does
     */
    public static Path write(Path file, URI server, String authorityPem, String user, Credential credential) {
        return write(
                file,
                server,
                authorityPem,
                user,
                new AuthInfoBuilder()
                        .withClientCertificateData(base64(credential.certificatePem()))
                        .withClientKeyData(base64(credential.keyPem()))
                        .build());
    }

    /** As {@link #write}, for a user who is known by a bearer token. */
    public static Path writeWithToken(Path file, URI server, String authorityPem, String user, String token) {
        return write(
                file,
                server,
                authorityPem,
                user,
                new AuthInfoBuilder().withToken(token).build());
    }

    private static Path write(Path file, URI server, String authorityPem, String user, AuthInfo credential) {
        ClusterBuilder cluster = new ClusterBuilder().withServer(server.toString());
        if (!authorityPem.isEmpty()) {
            cluster.withCertificateAuthorityData(base64(authorityPem));
        }
        Config config = new ConfigBuilder()
                .withApiVersion("v1")
                .withKind("Config")
                .addNewCluster()
                .withName(CLUSTER)
                .withCluster(cluster.build())
                .endCluster()
                .addNewUser()
                .withName(user)
                .withUser(credential)
                .endUser()
                .addNewContext()
                .withName(CLUSTER)
                .withNewContext()
                .withCluster(CLUSTER)
                .withUser(user)
                .endContext()
                .endContext()
                .withCurrentContext(CLUSTER)
                .build();
        return PrivateFiles.write(file, Serialization.asYaml(config));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
